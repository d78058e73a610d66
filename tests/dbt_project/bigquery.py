"""The project as BigQuery would get it: compiled without an account, and what of it is not SQL
that BigQuery knows."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from sqlglot import Token, TokenType, exp, parse_one
from sqlglot.dialects import BigQuery

from tests.dbt_project.warehouse import PROJECT

COMPILER = Path(__file__).with_name("bigquery_compiler.py")

PROFILE = """
musicflow:
  target: bigquery
  outputs:
    bigquery:
      type: bigquery
      method: oauth-secrets
      token: none
      project: nowhere
      schema: marts
      threads: 1
"""
"""Nobody's: compiling asks BigQuery nothing."""

_FUNCTIONS = """
    abs any_value cast ceil chr coalesce concat count countif current_timestamp date
    date_add date_diff date_sub date_trunc datetime datetime_add datetime_diff datetime_trunc
    dense_rank extract first_value floor generate_array generate_date_array
    generate_timestamp_array greatest if ifnull lag last_value lead least length logical_and
    logical_or lower lpad max md5 min mod nullif ntile nth_value parse_date parse_timestamp
    percentile_cont percentile_disc rank regexp_contains regexp_extract regexp_replace replace
    round row_number rpad safe_cast safe_convert_bytes_to_string safe_divide safe_offset sha256
    split sqrt starts_with strpos string string_agg struct substr substring sum avg timestamp
    timestamp_add timestamp_diff timestamp_millis timestamp_sub timestamp_trunc to_hex
    to_code_points code_points_to_bytes trim unix_millis unnest upper array array_agg
    array_length array_to_string farm_fingerprint format format_date format_timestamp week
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Of BigQuery's functions those that are welcome; another one is added here once looked up."""
TYPES = frozenset(
    {
        "string",
        "int64",
        "bigint",
        "float64",
        "timestamp",
        "datetime",
        "date",
        "bool",
        "boolean",
        "numeric",
    }
)
_WORDS = """
    and as between by else except exists filter from in is join not on or over partition select
    then union all using values when where with distinct case having limit order qualify
"""
WORDS_BEFORE_BRACKETS = frozenset(_WORDS.split())


def compiled_for_bigquery(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """The SQL of each model and data test, by name.

    Raises:
        AssertionError: dbt refuses to compile; with what it says.
    """
    (folder / "profiles.yml").write_text(PROFILE)
    finished = subprocess.run(
        [
            *(sys.executable, str(COMPILER), "compile", "--no-introspect"),
            *("--no-populate-cache", "--log-level-file", "none", "--quiet"),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(folder)),
            *("--target-path", str(folder / "target")),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-3000:]
    found = (folder / "target" / "compiled").rglob("*.sql")
    return {path.stem: path.read_text() for path in found}


def slips(sql: str) -> list[str]:
    """What BigQuery would not take, in words; empty for good SQL.

    Raises:
        sqlglot.errors.ParseError: It is no SQL of BigQuery at all.
    """
    tree = parse_one(sql, dialect=BigQuery)
    tokens = BigQuery.Tokenizer().tokenize(sql)
    return [
        *_unknown_functions(tokens),
        *_unknown_types(tokens),
        *_foreign_syntax(tree, tokens),
        *_unsupported(tree),
    ]


def _unknown_functions(tokens: list[Token]) -> Iterator[str]:
    for token, bracket in pairwise(tokens):
        name = token.text.lower()
        if bracket.token_type is not TokenType.L_PAREN or not name.isidentifier():
            continue
        if token.token_type in {TokenType.STRING, TokenType.IDENTIFIER}:
            continue
        if name not in FUNCTIONS | WORDS_BEFORE_BRACKETS:
            yield f"the function {name}"


def _unknown_types(tokens: list[Token]) -> Iterator[str]:
    """What stands after the last `as` within the brackets of a cast."""
    depths: list[str | None] = []
    for position, token in enumerate(tokens):
        if token.token_type is TokenType.L_PAREN:
            depths.append(tokens[position - 1].text.lower() if position else None)
        elif token.token_type is TokenType.R_PAREN:
            depths.pop()
        elif token.token_type is TokenType.ALIAS and depths and depths[-1] in {"cast", "safe_cast"}:
            kind = tokens[position + 1].text.lower()
            if kind not in TYPES:
                yield f"the type {kind}"


def _foreign_syntax(tree: exp.Expression, tokens: list[Token]) -> Iterator[str]:
    kinds = {token.token_type for token in tokens}
    if TokenType.DCOLON in kinds:
        yield "a cast by ::"
    if TokenType.MOD in kinds:
        yield "the operator %; mod() is understood"
    if tree.find(exp.Filter):
        yield "an aggregate with a filter"
    for distinct in tree.find_all(exp.Distinct):
        if distinct.args.get("on"):
            yield "distinct on"
        elif len(distinct.expressions) > 1:
            yield "a count of distinct pairs"


def _unsupported(tree: exp.Expression) -> Iterator[str]:
    """What is good syntax, and refused all the same."""
    for sum_of_time in tree.find_all(exp.DatetimeAdd, exp.DatetimeSub):
        if not isinstance(sum_of_time.parent, exp.Cast):
            yield "a datetime that is not cast back to what it was made of"
    for frame in tree.find_all(exp.WindowSpec):
        if str(frame.args.get("kind")).upper() == "RANGE" and frame.find(exp.Interval):
            yield "a window frame over an interval"
    for join in tree.find_all(exp.Join):
        if join.side and not join.args.get("using") and not join.args["on"].find(exp.EQ):
            yield "an outer join without an equality"

"""The dictionary as the dashboard has it: every table and column, searched and looked up."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
import polars as pl

from contracts.described import DescribedColumn, DescribedTable, decode
from contracts.errors import ConfigurationError

FILE = Path(__file__).parents[1] / "dictionary.json"
LAYERS = {
    "reporting": "Reporting: one table per question",
    "marts": "Marts: facts and dimensions",
    "reconciliation": "Accounts: what was loaded and built",
    "lake": "Records: how landing and runs are doing",
    "postgres": "Serving: live tables in Postgres",
    "raw": "Raw: events as they landed",
    "staging": "Staging: raw rows, mended",
    "intermediate": "Intermediate: compact state",
}
"""The layers in the order in which readers ask for them."""
MOST_FOUND = 200


@cache
def tables() -> dict[str, DescribedTable]:
    """All tables by name, layer by layer.

    Raises:
        ConfigurationError: The file that the package brings is gone or damaged.
    """
    try:
        known = decode(FILE.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{FILE} cannot be read: install MusicFlow again") from error
    order = list(LAYERS)
    known.sort(key=lambda table: order.index(table.layer))
    return {table.name: table for table in known}


def column_of(table: DescribedTable, name: str) -> DescribedColumn | None:
    """The column of this name, if the table has one."""
    return next((each for each in table.columns if each.name == name), None)


def has(known: dict[str, DescribedTable], of: str) -> bool:
    """Whether `schema.table` or `schema.table.column` is described."""
    schema, table, *column = of.split(".")
    found = known.get(f"{schema}.{table}")
    return found is not None and (not column or column_of(found, column[0]) is not None)


def find(known: Iterable[DescribedTable], text: str) -> pl.DataFrame:
    """Tables and columns of which all words of `text` are said, those so named first."""
    words = text.lower().split()
    found = [
        (_rank(name, words), number, table.name, column, meaning)
        for number, table in enumerate(known)
        for name, column, meaning in _entries(table)
        if all(word in f"{table.name} {column} {meaning}".lower() for word in words)
    ]
    rows = [(table, column, meaning) for _, _, table, column, meaning in sorted(found)]
    return pl.DataFrame(rows[:MOST_FOUND], schema=["table", "column", "meaning"], orient="row")


def _entries(table: DescribedTable) -> Iterable[tuple[str, str, str]]:
    """What can be found of a table: itself, and each column; name, column, meaning."""
    yield table.name, "", table.description
    for each in table.columns:
        yield each.name, each.name, each.description


def _rank(name: str, words: list[str]) -> int:
    """0 if the name is just what is looked for, 1 if it has all words, 2 if the meaning has."""
    if name == "_".join(words) or name.partition(".")[2] == "_".join(words):
        return 0
    return 1 if all(word in name for word in words) else 2


def columns_of(table: DescribedTable) -> pl.DataFrame:
    """The table's columns, to be shown."""
    rows = [
        (
            each.name,
            each.type,
            each.unit,
            "yes" if each.nullable else "",
            each.description,
            each.references,
            each.wire_name,
            each.personal,
        )
        for each in table.columns
    ]
    names = ["column", "type", "unit", "may_be_null", "meaning", "key_of", "on_kafka", "personal"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    empty = [
        name
        for name in ("type", "unit", "may_be_null", "key_of", "on_kafka")
        if not frame[name].str.len_bytes().sum()
    ]
    return frame.drop(empty if frame["personal"].any() else [*empty, "personal"])


def pointed_to(known: dict[str, DescribedTable], table: DescribedTable) -> list[str]:
    """The columns of other tables that the table's columns are keys of, with their schemas."""
    schemas = {name.partition(".")[2]: name for name in known}
    found = dict.fromkeys(each.references for each in table.columns if each.references)
    pairs = (reference.partition(".") for reference in found)
    return [f"{schemas[name]}.{column}" for name, _, column in pairs if name in schemas]

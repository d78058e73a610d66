r"""The fast path: whole columns of everyday messages, parsed natively.

A message is *plain* if one regular expression matches all of its bytes: a JSON object in UTF-8
on one line, made of known fields with values of their declared types, in everyday notation (no
exponents, no numbers beyond 64 bits), and of unknown fields whose names are given. polars reads
such text exactly as `exact.py` does, except for duplicate keys; those are found by counting. What
is not plain, or breaks a rule, is left to the others: this path only ever accepts.
"""

import re
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from contracts.events import OCCURRED_AT, Event, Field, FieldType
from streaming.exact import bounds
from streaming.limits import Window

UTF8 = (
    r"[\x20\x21\x23-\x5b\x5d-\x7f]"
    r"|[\xc2-\xdf][\x80-\xbf]"
    r"|\xe0[\xa0-\xbf][\x80-\xbf]"
    r"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    r"|\xed[\x80-\x9f][\x80-\xbf]"
    r"|\xf0[\x90-\xbf][\x80-\xbf]{2}"
    r"|[\xf1-\xf3][\x80-\xbf]{3}"
    r"|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
"""One character that JSON text may hold unescaped: binary columns are matched byte by byte."""
ESCAPE = (
    r'\\(?:["\\/bfnrt]|u(?:[0-9a-cA-CefEF][0-9a-fA-F]|[dD][0-7])[0-9a-fA-F]{2}'
    r"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""Surrogates in pairs only, high before low."""
TEXT = rf'"(?:{UTF8}|{ESCAPE})*"'
INTEGER = r"-?(?:0|[1-9][0-9]{0,17})"
NUMBER = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,17})?"
PATTERNS: dict[FieldType, str] = {
    "text": TEXT,
    "integer": INTEGER,
    "number": NUMBER,
    "boolean": r"(?:true|false)",
    "timestamp": INTEGER,
}
QUOTE, COLON = b'":'
SCALAR = f"(?:{TEXT}|{NUMBER}|true|false|null)"
FLAT = (
    rf"(?:{SCALAR}|\[(?:{SCALAR}(?:,{SCALAR})*)?\]|\{{(?:{TEXT}:{SCALAR}(?:,{TEXT}:{SCALAR})*)?\}})"
)
ANY_VALUE = rf"(?:{FLAT}|\[(?:{FLAT}(?:,{FLAT})*)?\]|\{{(?:{TEXT}:{FLAT}(?:,{TEXT}:{FLAT})*)?\}})"
"""The value of an unknown field, without blanks: lists and objects at most two deep."""
PLAIN_TYPES: dict[FieldType, type[pl.DataType]] = {
    "text": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "boolean": pl.Boolean,
    "timestamp": pl.Int64,
}


class PlainReader:
    """Reads the plain messages of one event."""

    def __init__(self, event: Event, unknown: Sequence[str] = ()) -> None:
        """Prepare for messages of `event`, which may also have unknown fields of these names."""
        self._event = event
        self._unknown = unknown
        self._pattern = plain_pattern(event, unknown)
        self._key = key_pattern(event, unknown)
        self._schema = {
            each.wire_name: pl.String if each.accepts_text else PLAIN_TYPES[each.type]
            for each in event
        }

    def is_plain(self, messages: pa.BinaryArray) -> pa.BooleanArray:
        """Which messages are plain; null for null."""
        return pc.match_substring_regex(messages, self._pattern)

    def read(self, messages: pa.BinaryArray, window: Window) -> tuple[pl.DataFrame, pl.Series]:
        """The accepted rows of plain messages, and which of the messages they are.

        Rows are keyed by lake name; timestamps are epoch milliseconds still, and
        `unknown_fields` is null.

        Raises:
            polars.exceptions.PolarsError: A message is not plain.
        """
        sent = self._parsed(messages)
        accepted = self._has_unique_keys(sent, messages)
        rows = sent.select(*(_mended(each, sent) for each in self._event))
        rules = (_rule(each, window) for each in self._event)
        accepted &= rows.select(pl.all_horizontal(*rules)).to_series()
        unknown = pl.lit(None, dtype=pl.String)
        return rows.filter(accepted).with_columns(unknown_fields=unknown), accepted

    def _parsed(self, messages: pa.BinaryArray) -> pl.DataFrame:
        """The messages by wire name, of duplicate keys the first."""
        together = pa.ListArray.from_arrays(pa.array([0, len(messages)], pa.int32()), messages)
        lines = cast("pa.BinaryArray", pc.binary_join(together, b"\n"))
        return pl.read_ndjson(lines[0].as_buffer().to_pybytes(), schema=self._schema)

    def _has_unique_keys(self, sent: pl.DataFrame, messages: pa.BinaryArray) -> pl.Series:
        """Whether no key stands twice in a message: polars takes the first, we the last.

        As many keys as fields settles it, for all messages together since none has fewer, or for
        each of most. Nulls are looked for only where it does not, and the keys are compared in
        the few rows that have what looks like one inside a value.
        """
        if not self._unknown and _key_ends(messages) == sent.width * len(sent) - _nulls_of(sent):
            return pl.repeat(value=True, n=len(sent), eager=True)
        texts = pl.Series(messages.view(pa.string()))
        keys = texts.str.count_matches('":', literal=True)
        fields = sent.select(pl.sum_horizontal(pl.all().is_not_null())).to_series()
        for name in self._unknown:
            fields += texts.str.contains(f'"{name}":', literal=True)

        def count_with_nulls(rows: pl.Series) -> pl.Series:
            nulls = self._nulls(sent.filter(rows), texts.filter(rows))
            return keys.filter(rows) == fields.filter(rows) + nulls

        def compare(rows: pl.Series) -> pl.Series:
            each = texts.filter(rows).str.extract_all(self._key).list
            return each.n_unique() == each.len()

        return _else(_else(keys == fields, count_with_nulls), compare)

    def _nulls(self, sent: pl.DataFrame, texts: pl.Series) -> pl.Series:
        """How many fields of each message are there, and null."""
        nulls = pl.zeros(len(texts), pl.UInt32, eager=True)
        for each in self._event:
            if each.nullable:
                null = texts.str.contains(f'"{re.escape(each.wire_name)}": ?null')
                nulls += null & sent[each.wire_name].is_null()
        return nulls


def _key_ends(messages: pa.BinaryArray) -> int:
    """How often a quote and a colon follow each other: where a key ends, or inside a text.

    Plain messages begin with a brace, so none is counted across two of them.
    """
    _, ends, values = (memoryview(each or b"") for each in messages.buffers())
    bounds = np.frombuffer(ends, np.int32)[messages.offset :][: len(messages) + 1]
    together = np.frombuffer(values, np.uint8)[bounds[0] : bounds[-1]]
    return int(np.count_nonzero((together[:-1] == QUOTE) & (together[1:] == COLON)))


def _nulls_of(rows: pl.DataFrame) -> int:
    return sum(each.null_count() for each in rows)


def _else(settled: pl.Series, check: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """True where it is settled; elsewhere what `check` says of those rows, given as a mask."""
    if settled.all():
        return settled
    rows = settled.not_()
    return settled.scatter(rows.arg_true(), check(rows))


def plain_pattern(event: Event, unknown: Sequence[str] = ()) -> str:
    """The regular expression (RE2, over bytes) that matches the plain messages of `event`."""
    names: dict[str, list[str]] = {}  # Grouped by pattern, the automaton is half the size.
    for field in event:
        names.setdefault(_value_pattern(field), []).append(re.escape(field.wire_name))
    if unknown:
        names[ANY_VALUE] = [re.escape(each) for each in unknown]
    pairs = "|".join(f'"(?:{"|".join(those)})": ?(?:{value})' for value, those in names.items())
    return rf"\A\{{(?:{pairs})(?:, ?(?:{pairs}))*\}}\r?\n?\z"


def key_pattern(event: Event, unknown: Sequence[str] = ()) -> str:
    r"""The regular expression of the keys in a plain message.

    Within a text nothing can match, as a backslash stands before each quote. Within the value of
    an unknown field a key can: such a message is left to the others.
    """
    names = [*(each.wire_name for each in event), *unknown]
    return f'"(?:{"|".join(map(re.escape, names))})":'


def _value_pattern(field: Field) -> str:
    pattern = PATTERNS[field.type]
    if field.accepts_text:
        pattern += f'|"(?:{pattern})?"'
    return f"{pattern}|null" if field.nullable else pattern


def _mended(field: Field, sent: pl.DataFrame) -> pl.Expr:
    """The field by its lake name, empty text being no value."""
    column = pl.col(field.wire_name)
    if field.accepts_text:
        column = column.cast(PLAIN_TYPES[field.type], strict=False)
    elif field.type == "number":
        column = column + 0.0  # -0.0 becomes 0.0
    elif field.type == "text" and (sent[field.wire_name] == "").any():
        column = pl.when(column != "").then(column)
    return column.alias(field.name)


def _rule(field: Field, window: Window) -> pl.Expr:
    """Whether the field's value keeps the contract, a null where it may stand."""
    column = pl.col(field.name)
    if field.name == OCCURRED_AT.name:
        kept = column.is_between(window.first, window.last)
    elif field.allowed:
        kept = column.is_in(field.allowed)
    elif field.type in ("text", "boolean"):
        kept = column.is_not_null()
    else:
        kept = column.is_between(*bounds(field))
    return column.is_null() | kept if field.nullable else column.is_not_null() & kept

r"""Cells of text as JSON: each row becomes the message that Kafka would carry.

A text has no types, so the field decides: what is written as the field's type is written bare, and
anything else as a text, of which the judge then says that its type is wrong. An empty cell is an
absent field.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
import polars as pl
import pyarrow as pa

from streaming.batch.columns import Column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
NUMBER = r"\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\z"
ISO_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
BOOLEAN = r"(?i)\A(?:true|false)\z"
NEEDS_ESCAPE = r'["\\\x00-\x1f]'
CONTROL = r"[\x00-\x1f]"


def messages_of(rows: pl.DataFrame, columns: Sequence[Column]) -> pa.BinaryArray:
    """Each row as a JSON object; cells are texts, or null where they are empty.

    Args:
        rows: The cells, a column of text for each of `columns`.
        columns: What they are.
    """
    pairs = [
        named(column, cells if column.use == "object" else _values(column, cells))
        for column, cells in zip(columns, rows, strict=True)
        if column.use != "nothing" and cells.null_count() < len(cells)
    ]
    return joined(pairs, len(rows))


def named(column: Column, values: pl.Series) -> pl.Series:
    """Name and value of a field, as they stand in the object; null where there is no value.

    Of a column of unknown fields, all that stand in its objects.
    """
    if column.use == "object":
        inside = values.str.strip_chars().str.strip_prefix("{").str.strip_suffix("}")
        return inside.str.strip_chars().replace("", None)
    name = msgspec.json.encode(column.wire_name).decode()
    return pl.select(pl.lit(f"{name}:") + values).to_series()


def joined(pairs: Sequence[pl.Series], count: int) -> pa.BinaryArray:
    """The objects that have these pairs, each pair of all of `count` rows."""
    if not pairs:
        return pa.array([b"{}"] * count, pa.binary())
    inside = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    texts = pl.select(pl.format("{{{}}}", inside)).to_series()
    return cast("pa.BinaryArray", texts.cast(pl.Binary).to_arrow().cast(pa.binary()))


def epoch_ms(written: str) -> str | None:
    """A time as epoch milliseconds, if it is written as ISO 8601 has it; UTC unless it says.

    >>> epoch_ms("2026-01-01 06:00:00.5+01:00")
    '1767243600500'
    >>> epoch_ms("noon")
    """
    if not ISO_TIME.fullmatch(written):
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return str((aware - _EPOCH) // _MILLISECOND)


def _values(column: Column, cells: pl.Series) -> pl.Series:
    """The JSON texts of a column's cells."""
    if column.field is None or column.field.type == "text":
        return quoted(cells)
    if column.field.type == "boolean":
        is_bare = cells.str.contains(BOOLEAN)
        return _either(is_bare, cells.str.to_lowercase(), cells)
    is_number = cells.str.contains(NUMBER)
    if is_number.all():  # of the nulls it says nothing
        return cells
    if column.is_time:
        written = cells.map_elements(_as_time, pl.String)
        return _either(written.str.contains(NUMBER), written, cells)
    return _either(is_number, cells, cells)


def _either(is_bare: pl.Series, bare: pl.Series, others: pl.Series) -> pl.Series:
    """What may stand bare; the others as texts."""
    return pl.select(pl.when(is_bare).then(bare).otherwise(quoted(others))).to_series()


def _as_time(written: str) -> str:
    return epoch_ms(written) or written


def quoted(texts: pl.Series) -> pl.Series:
    r"""Texts as JSON has them.

    >>> quoted(pl.Series(['a "b"', None, "\n"])).to_list()
    ['"a \\"b\\""', None, '"\\n"']
    """
    if texts.str.contains(NEEDS_ESCAPE).any():
        if texts.str.contains(CONTROL).any():
            return texts.map_elements(_written, pl.String)
        texts = texts.str.replace_all("\\", "\\\\", literal=True)
        texts = texts.str.replace_all('"', '\\"', literal=True)
    return pl.select('"' + texts + '"').to_series()


def _written(text: str) -> str:
    return msgspec.json.encode(text).decode()

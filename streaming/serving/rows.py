"""Accepted rows as Postgres takes them: in the text that COPY reads, made by the column.

Whatever keeps the contract can be stored: what Postgres has no room for (a zero byte in a text, an
id or a region longer than an index holds) is written differently here, and the same each time.
"""

import hashlib
from typing import cast

import polars as pl
import pyarrow as pa

from contracts.events import OCCURRED_AT
from contracts.serving import LONGEST_ID, LONGEST_KEY, RAW_COLUMNS

NULL = r"\N"
_TIME = "%Y-%m-%d %H:%M:%S%.6f+00"
_KEYS = ("event_type", "region")
# COPY's own escapes; the backslash first, as the others bring some.
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
_ZERO, _INSTEAD = "\x00", "\ufffd"


def copied(rows: pa.Table, run: str) -> bytes:
    """The rows as COPY reads them into `staging_events`.

    Args:
        rows: Columns of `accepted_schema(MUSIC_EVENTS)`.
        run: Names the attempt; without blanks or backslashes.
    """
    frame = pl.DataFrame(rows).rename({OCCURRED_AT.name: "ts"})
    columns = [_stored(frame, each.name) for each in RAW_COLUMNS]
    text = frame.select(pl.lit(run).alias("run"), *columns).write_csv(
        include_header=False,
        separator="\t",
        quote_style="never",
        null_value=NULL,
        datetime_format=_TIME,
    )
    return text.encode()


def _stored(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column as it is stored, escaped where it has to be."""
    column, values = pl.col(name), frame[name]
    if values.dtype != pl.String:
        return column
    if _any_has(values, _ZERO):
        column = column.str.replace_all(_ZERO, _INSTEAD, literal=True)
    longest = cast("int", values.str.len_chars().max() or 0)
    if name == "event_id" and longest > LONGEST_ID:
        column = column.map_elements(short_id, return_dtype=pl.String)
    elif name in _KEYS and longest > LONGEST_KEY:
        column = column.str.slice(0, LONGEST_KEY)
    for written, escaped in _ESCAPES:
        if _any_has(values, written):
            column = column.str.replace_all(written, escaped, literal=True)
    return column


def _any_has(values: pl.Series, text: str) -> bool:
    return bool(values.str.contains(text, literal=True).any())


def short_id(event_id: str) -> str:
    """An id as it is stored: itself, or its hash where it is too long.

    >>> short_id("e-1")
    'e-1'
    >>> short_id("x" * 1000)[:20]
    'sha256:44f8354494a5b'
    """
    if len(event_id) <= LONGEST_ID:
        return event_id
    return f"sha256:{hashlib.sha256(event_id.encode()).hexdigest()}"

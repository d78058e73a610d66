"""Parquet files: each row is the message that has its fields."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import ConfigurationError
from contracts.events import Event
from streaming.batch.cells import joined, named, quoted
from streaming.batch.columns import Column, Names
from streaming.batch.records import Records, Texts

CHUNK_ROWS = 20_000
NO_TEXT = "[]"
"""Stands for bytes that are no text: of no field's type."""


class ParquetReader:
    """Reads the rows of Parquet files of one event."""

    def __init__(self, event: Event) -> None:
        """Prepare to read files of `event`."""
        self._names = Names(event)

    def records(self, path: Path) -> Iterator[Records]:
        """The rows of a file, numbered from 1.

        Raises:
            ConfigurationError: It is no Parquet file, is broken, or can't be of the event.
        """
        try:
            with pq.ParquetFile(path) as file:
                columns = self._names.columns(file.schema_arrow.names, path.name)
                line = 1
                for batch in file.iter_batches(CHUNK_ROWS):
                    messages = _messages(batch, columns)
                    lines = np.arange(line, line + len(messages))
                    line += len(messages)
                    yield Records(lines, messages, Texts(messages), line)
        except (OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
            raise ConfigurationError(
                f"{path} can't be read as Parquet: {str(error).splitlines()[0]}"
            ) from error


def _messages(batch: pa.RecordBatch, columns: Sequence[Column]) -> pa.BinaryArray:
    pairs = [
        named(column, _values(column, values))
        for column, values in zip(columns, batch.columns, strict=True)
        if column.use != "nothing" and values.null_count < len(values)
    ]
    return joined(pairs, len(batch))


def _values(column: Column, values: pa.Array) -> pl.Series:
    """The JSON texts of a column's values; null where there are none."""
    if pa.types.is_decimal(values.type):
        return _series(values.cast(pa.string()))
    found = _series(values)
    if column.use == "object":
        return found.cast(pl.String)
    if found.dtype == pl.Datetime and column.is_time:
        return found.dt.epoch("ms").cast(pl.String)
    return _written_as(found)


def _written_as(values: pl.Series) -> pl.Series:
    """The JSON texts of values whose own type says how they are written."""
    if values.dtype in (pl.String, pl.Categorical):
        return quoted(values.cast(pl.String))
    if values.dtype.is_integer():
        return values.cast(pl.String)
    if values.dtype == pl.Boolean:
        return values.replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    return values.map_elements(_written, pl.String)


def _series(values: pa.Array) -> pl.Series:
    return cast("pl.Series", pl.from_arrow(values))


def _written(value: Any) -> str:
    """A value of any other type as JSON; numbers that JSON does not have are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{value}"'
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, pl.Series):
        value = value.to_list()
    return msgspec.json.encode(value, enc_hook=str).decode()


def _text(value: bytes) -> str:
    """Bytes that are meant as text, as some writers leave them."""
    try:
        return msgspec.json.encode(value.decode()).decode()
    except UnicodeDecodeError:
        return NO_TEXT

"""Rows of Parquet are messages, whatever types their columns have."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import ConfigurationError
from contracts.events import LISTEN_EVENTS
from streaming.batch.parquet_file import ParquetReader

from .landing import listens

ROW = listens(1)[0]
AT = datetime(2026, 1, 1, 5, 0, 0, 123_900, tzinfo=UTC)


def messages(path, table: pa.Table) -> list[dict]:
    pq.write_table(table, path)
    chunks = list(ParquetReader(LISTEN_EVENTS).records(path))
    return [json.loads(text) for each in chunks for text in each.messages.to_pylist()]


@pytest.mark.parametrize(
    ("name", "values", "sent"),
    [
        pytest.param("userId", pa.array([7, None]), 7, id="integer"),
        pytest.param("userId", pa.array([Decimal(7), None]), 7, id="decimal"),
        pytest.param("userId", pa.array([7, None], pa.decimal256(60, 0)), 7, id="long decimal"),
        pytest.param("duration", pa.array([Decimal("1.50"), None]), 1.5, id="decimal fraction"),
        pytest.param("duration", pa.array([float("nan"), None]), "nan", id="NaN is a text"),
        pytest.param("ts", pa.array([AT, None], pa.timestamp("us", "UTC")), 1767243600123,
                     id="time"),
        pytest.param("ts", pa.array([AT, None], pa.timestamp("ns")), 1767243600123,
                     id="time without a zone"),
        pytest.param("city", pa.array([b"Bo", None]), "Bo", id="bytes of a text"),
        pytest.param("city", pa.array([b"\xff", None]), [], id="bytes of none"),
        pytest.param("city", pa.array(['a\n"b"', None]).dictionary_encode(), 'a\n"b"',
                     id="dictionary"),
        pytest.param("success", pa.array([True, None]), True, id="boolean"),
        pytest.param("tags", pa.array([["a", 'b"'], None]), ["a", 'b"'], id="list"),
        pytest.param("more", pa.array([{"a": 1, "b": None}, None]), {"a": 1, "b": None},
                     id="struct"),
    ],
)  # fmt: skip
def test_values_are_sent_as_json(tmp_path, name, values, sent):
    table = pa.Table.from_pylist([ROW, ROW])
    if name in table.column_names:
        table = table.drop_columns(name)
    first, second = messages(tmp_path / "f.parquet", table.append_column(name, values))

    assert first[name] == sent
    assert type(first[name]) is type(sent)
    assert name not in second


def test_rows_are_numbered_from_one(tmp_path, monkeypatch):
    monkeypatch.setattr("streaming.batch.parquet_file.CHUNK_ROWS", 2)
    path = tmp_path / "f.parquet"
    pq.write_table(pa.Table.from_pylist(listens(5)), path)
    chunks = list(ParquetReader(LISTEN_EVENTS).records(path))

    assert [line for each in chunks for line in each.lines] == [1, 2, 3, 4, 5]
    assert [each.end for each in chunks] == [3, 5, 6]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "f.parquet"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="can't be read as Parquet"):
        list(ParquetReader(LISTEN_EVENTS).records(path))

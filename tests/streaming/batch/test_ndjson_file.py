"""NDJSON lines are messages as they stand, or under the lake's names."""

import io
import json

import pytest

from contracts.errors import ConfigurationError
from contracts.events import LISTEN_EVENTS
from streaming.batch import ndjson_file, opening
from streaming.batch.ndjson_file import NdjsonReader

from .landing import as_ndjson, listens

ROW = listens(1)[0]
LINE = as_ndjson([ROW])


def read(content: bytes) -> list[tuple[int, bytes]]:
    chunks = list(NdjsonReader(LISTEN_EVENTS).records(io.BytesIO(content), "f.json"))
    return [
        row
        for each in chunks
        for row in zip(each.lines.tolist(), each.messages.to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("size", [7, 50, 10_000])
def test_lines_are_messages_byte_for_byte_and_empty_ones_are_none(monkeypatch, size):
    monkeypatch.setattr(opening, "BLOCK_BYTES", size)
    content = b'\xef\xbb\xbf{"a": 1 }\r\n\nnot json\n\xff\n\n[1]'

    assert read(content) == [(1, b'{"a": 1 }\r'), (3, b"not json"), (4, b"\xff"), (6, b"[1]")]


def test_the_lakes_names_are_the_wires():
    lakes = {"occurred_at": "2026-01-01 05:00:00Z", "session_id": 1, "sessionId": 2, "browser": "x",
             "unknown_fields": '{"a": [1.50]}', "b": 7}  # fmt: skip
    [(_, message)] = read(json.dumps(lakes).encode())

    assert message == b'{"a":[1.50],"ts":1767243600000,"sessionId":2,"b":7}'


def test_a_text_that_speaks_of_the_lake_is_left_alone():
    message = json.dumps(ROW | {"city": '"occurred_at"'}).encode()

    assert json.loads(read(message)[0][1]) == json.loads(message)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("{}\n".encode("utf-16"), "is in UTF-16", id="UTF-16"),
        pytest.param(b"x" * 500, "never ends", id="a line that never ends"),
    ],
)
def test_what_is_no_ndjson_is_refused_in_one_line(monkeypatch, content, problem):
    monkeypatch.setattr(opening, "BLOCK_BYTES", 50)
    monkeypatch.setattr(ndjson_file, "LONGEST_LINE", 200)

    with pytest.raises(ConfigurationError, match=problem):
        read(content)


def test_an_empty_file_has_no_records():
    assert read(b"") == []

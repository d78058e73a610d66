"""CSV files, odd ones too: each record is an event or a reject, or the file is refused."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from contracts.events import AUTH_EVENTS, LISTEN_EVENTS, Event
from streaming.batch import csv_file, opening
from streaming.batch.csv_file import CsvReader
from streaming.batch.part import RecordJudge
from streaming.batch.records import Records
from tests.streaming.judging import BATCH_AT, LIMITS, batch, judged

from .landing import as_csv, as_ndjson, listens

ROW = listens(1)[0]
NAMES = ",".join(ROW).encode()
LINE = as_csv([ROW], header=False)


def read(content: bytes, event: Event = LISTEN_EVENTS, **how: Any) -> list[Records]:
    return list(CsvReader(event, 10_000, **how).records(io.BytesIO(content), "f.csv"))


def messages(content: bytes, event: Event = LISTEN_EVENTS, **how: Any) -> list[Any]:
    """The records as the judge gets them; None for what is none."""
    texts = [text for each in read(content, event, **how) for text in each.messages.to_pylist()]
    return [text and json.loads(text) for text in texts]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(NAMES + b"\n" + LINE, id="a header and a line"),
        pytest.param(b"\xef\xbb\xbf" + NAMES + b"\n" + LINE, id="a byte order mark"),
        pytest.param(NAMES + b"\r\n" + LINE.strip(), id="carriage returns, no last line feed"),
        pytest.param(b"\n\n" + NAMES + b"\n\n" + LINE, id="empty lines before and between"),
        pytest.param(as_csv([ROW], delimiter=";"), id="semicolons"),
        pytest.param(as_csv([ROW], delimiter="\t"), id="tabs"),
        pytest.param(as_csv([ROW], delimiter="|"), id="bars"),
        pytest.param(as_csv([ROW], quoting=1), id="all in quotes"),
        pytest.param(NAMES.replace(b",", b", ") + b"\n" + LINE, id="blanks in the header"),
    ],
)
def test_the_same_record_however_it_is_written(content):
    assert messages(content) == [ROW]


@pytest.mark.parametrize(
    ("header", "how"),
    [
        pytest.param(b"", {"columns": list(ROW)}, id="declared columns"),
        pytest.param(NAMES + b"\n", {"columns": list(ROW)}, id="declared, and a header with them"),
        pytest.param(
            NAMES.replace(b"ts", b"occurred_at").replace(b"sessionId", b"session_id")
            .replace(b"lat", b"latitude").replace(b"duration", b"duration_seconds") + b"\n",
            {}, id="names of the lake",
        ),
    ],
)  # fmt: skip
def test_columns_may_be_declared_or_have_the_lakes_names(header, how):
    assert messages(header + LINE, **how) == [ROW]


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        pytest.param("1767243600000", 1767243600000, id="epoch milliseconds"),
        pytest.param("2026-01-01T05:00:00Z", 1767243600000, id="ISO 8601"),
        pytest.param("2026-01-01 06:00:00.1239+01:00", 1767243600123, id="with a zone, finer"),
        pytest.param("2026-01-01 05:00:00", 1767243600000, id="without a zone it is UTC"),
        pytest.param("2026-02-30T05:00:00Z", "2026-02-30T05:00:00Z", id="no such day"),
        pytest.param("yesterday", "yesterday", id="no time at all"),
        pytest.param("1767243600000.0", 1767243600000.0, id="a fraction stays one"),
    ],
)
def test_times_are_epoch_milliseconds_or_iso_8601(cell, sent):
    assert messages(as_csv([ROW | {"ts": cell}]))[0]["ts"] == sent


@pytest.mark.parametrize(
    ("field", "cell", "sent"),
    [
        pytest.param("success", "true", True, id="true"),
        pytest.param("success", "False", False, id="as Python writes it"),
        pytest.param("success", "yes", "yes", id="no boolean"),
        pytest.param("lat", "-1.5e1", -15.0, id="exponent"),
        pytest.param("lat", "NaN", "NaN", id="not a number"),
        pytest.param("lat", "+1", "+1", id="plus sign"),
        pytest.param("userId", "007", "007", id="leading zeros"),
        pytest.param("userId", "4²", "4²", id="a digit of another kind"),
        pytest.param("city", "42", "42", id="a number in a text"),
        pytest.param("city", 'a "b"\\\n\tc\0', 'a "b"\\\n\tc\0', id="quotes, backslash, controls"),
        pytest.param("colour", "1", "1", id="an unknown column is text"),
    ],
)
def test_the_fields_type_says_how_a_cell_is_read(field, cell, sent):
    row = ROW | {"success": True, field: cell}
    del row["auth"]

    assert messages(as_csv([row, row]), AUTH_EVENTS)[1][field] == sent


def test_an_empty_cell_is_an_absent_field():
    rows = [ROW | {"userId": ""}, ROW]
    first, second = messages(as_csv(rows))

    assert (first.get("userId"), second["userId"]) == (None, 42)
    assert "userId" not in first


def test_what_landing_adds_to_rows_is_no_field_and_unknown_fields_are_fields_again():
    added = {"kafka_topic": "t", "kafka_offset": "7", "device_type": "phone", "browser": "x"}
    unknown = {"unknown_fields": '{"a":1,"b":"x"}'}

    assert messages(as_csv([ROW | added | unknown, ROW])) == [ROW | {"a": 1, "b": "x"}, ROW]


@pytest.mark.parametrize(
    ("line", "is_record"),
    [
        pytest.param(LINE.replace(b"Reno", b"Re\xffno"), False, id="no UTF-8"),
        pytest.param(LINE.replace(b"Reno", b"Re,no"), False, id="a cell more"),
        pytest.param(b"x\n", False, id="a cell alone"),
        pytest.param(LINE.replace(b"Reno", b'"Reno"x'), False, id="text behind a quote"),
        pytest.param(LINE.replace(b"Reno", b'"Reno'), False, id="a quote that is never closed"),
        pytest.param(LINE.replace(b"Reno", b'Re"no'), True, id="a quote within a bare cell"),
        pytest.param(LINE.replace(b"Reno", b"Re\0no"), True, id="NUL"),
        pytest.param(LINE.replace(b"Reno", b'"Re\nno"'), True, id="a line feed in quotes"),
    ],
)
def test_a_record_that_is_none_costs_no_other(line, is_record):
    content = NAMES + b"\n" + LINE + line + LINE
    sent = messages(content)

    assert sent[0] == sent[-1] == ROW
    assert [each is not None for each in sent] == [True, is_record, True]
    lines = [line for each in read(content) for line in each.lines.tolist()]
    assert lines == [2, 3, 4 + line.count(b"\n") - 1]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "f.csv is empty", id="nothing"),
        pytest.param(b"\n\n", "f.csv is empty", id="empty lines"),
        pytest.param(b"\xff\xfea\0", "no sound header in UTF-8", id="UTF-16"),
        pytest.param(NAMES + b"\r" + LINE.replace(b"\n", b"\r"), "carriage returns alone",
                     id="carriage returns alone"),
        pytest.param(NAMES + b"\r" + LINE, "carriage returns alone", id="one behind the header"),
        pytest.param(b"ts,ts\n1,2\n", "f.csv has 2 columns for 'ts'", id="a column twice"),
        pytest.param(NAMES + b",occurred_at\n", "2 columns for 'ts'", id="a field by both names"),
        pytest.param(b"a,b\n1,2\n", "has no column ts \\(or occurred_at\\), sessionId",
                     id="other columns"),
        pytest.param(LINE + LINE, "no column", id="no header"),
        pytest.param(b'{"ts": 1}\n', "no column", id="NDJSON"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_of_the_event_is_refused_in_one_line(content, problem):
    with pytest.raises(ConfigurationError, match=problem) as error:
        read(content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("block", [b'"' + b"x" * 300, b"x" * 300], ids=["in quotes", "bare"])
def test_a_line_that_never_ends_is_refused(monkeypatch, block):
    monkeypatch.setattr(opening, "BLOCK_BYTES", 50)
    monkeypatch.setattr(csv_file, "LONGEST_LINE", 200)

    with pytest.raises(ConfigurationError, match="never ends"):
        list(CsvReader(LISTEN_EVENTS, 20).records(io.BytesIO(NAMES + b"\n" + block * 5), "f.csv"))


@pytest.mark.parametrize("content", [NAMES, NAMES + b"\n"], ids=["a header alone", "with its end"])
def test_a_header_alone_is_no_record(content):
    assert messages(content) == []


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "ts": st.integers(1_767_225_600_000, 1_767_312_000_000) | TEXT,
        "sessionId": st.integers() | TEXT,
        "level": st.sampled_from(["free", "paid", "", "gold"]),
        "userId": st.integers(0, 2**70),
        "duration": st.floats(allow_nan=False, allow_infinity=False) | st.integers() | TEXT,
        "city": TEXT,
        "artist": TEXT,
        "colour": TEXT,
    },
)


def is_sayable(row: dict[str, Any]) -> bool:
    """Whether a cell can say what JSON does: "1" as the text of a number is no other than 1."""
    texts = [row[name] for name in ("ts", "sessionId", "duration") if isinstance(row[name], str)]
    return not any(each.isdigit() for text in texts for each in text)


def content_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose unknown fields are compared by what they say, not by how."""
    return [row | {"unknown_fields": json.loads(row["unknown_fields"] or "{}")} for row in rows]


@settings(deadline=None)
@given(rows=st.lists(VALUES.map(lambda row: ROW | row).filter(is_sayable), min_size=1, max_size=5))
def test_the_verdict_is_that_of_the_same_message_from_kafka(rows):
    sent = [{name: value for name, value in row.items() if value != ""} for row in rows]
    expected = judged(*as_ndjson(sent).splitlines())
    (records,) = read(as_csv(rows, quoting=1))
    found = RecordJudge("listen_events", LIMITS)(batch(records.messages.to_pylist()), BATCH_AT)

    assert found.rejected["reasons"].to_pylist() == expected.rejected["reasons"].to_pylist()
    assert content_of(found.accepted.to_pylist()) == content_of(expected.accepted.to_pylist())


@settings(deadline=None)
@given(
    rows=st.lists(VALUES.map(lambda row: ROW | row), max_size=8),
    junk=st.lists(st.sampled_from([b"x\n", b'"open\n', b"\n", b"\xff\n", b'a"b\n']), max_size=3),
    size=st.integers(20, 900),
)
def test_blocks_change_nothing(rows, junk, size):
    content = as_csv([ROW]) + b"".join(junk) + as_csv(rows, header=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "BLOCK_BYTES", size)
        cut = read(content)
    whole = read(content)

    def told(chunks: list[Records]) -> list[tuple[Any, ...]]:
        return [
            row
            for each in chunks
            for row in zip(
                each.lines.tolist(),
                each.messages.to_pylist(),
                each.received_at(each.lines),
                strict=True,
            )
        ]

    assert told(cut) == told(whole)
    assert max(each.end for each in cut) == max(each.end for each in whole)

"""CSV is cut into the records that Python's `csv` reads, and no line of it is lost."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streaming.batch import csv_split
from streaming.batch.csv_split import UNREADABLE, split

LONGEST = 200
CELL = st.text(st.sampled_from('ab,;"\n\r\t é\0'), max_size=4)
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=8)
PIECES = st.lists(
    st.sampled_from(
        [b'"', b",", b"\n", b"\r\n", b"\r", b"a", b'""', b"\xff", b"\0", b'"a"', b'",']
    ),
    max_size=30,
).map(b"".join)


LINES = st.lists(
    st.sampled_from(
        [b'5" x,y\n', b'"a\nb",US\n', b'"a\r\n\nb",c\r\n', b"a,b\n", b'"open,b\n', b"\n"]
    ),
    max_size=8,
).map(b"".join)


def records(data: bytes, found) -> list[bytes]:
    return [data[a:b] for a, b in zip(found.starts, found.ends, strict=True)]


def lines_of(data: bytes) -> list[bytes]:
    return [line.removesuffix(b"\n").removesuffix(b"\r") for line in io.BytesIO(data)]


def whole(data: bytes):
    return split(data, ",", LONGEST, at_end=True)


@given(
    rows=ROWS,
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_is_written_as_csv_is_read_back_record_by_record(rows, ending, last, quoting):
    if quoting == csv.QUOTE_MINIMAL:  # which leaves a lone carriage return bare
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    rows = [row for row in rows if quoting == csv.QUOTE_ALL or row != [""]]
    text = io.StringIO()
    csv.writer(text, lineterminator=ending, quoting=quoting).writerows(rows)
    data = text.getvalue().encode()
    data = data if last else data.removesuffix(ending.encode())
    found = whole(data)
    texts = [each.decode() for each in records(data, found)]

    assert [next(csv.reader(io.StringIO(each, newline=""), strict=True)) for each in texts] == rows
    assert found.cells.tolist() == [len(row) for row in rows]
    assert found.lines.tolist() == [data.count(b"\n", 0, start) for start in found.starts]


@given(data=PIECES)
@example(data=b'a,"b\nc,d\n')
@example(data=b'5" disk,x\ny,z\n')
def test_counting_quotes_and_reading_one_by_one_agree(data):
    counted = csv_split._split_by_count(data, ord(","), LONGEST, at_end=True)
    if counted is not None:
        read = csv_split._split_one_by_one(data, ",", LONGEST, at_end=True)
        assert records(data, counted) == records(data, read)
        has_data = counted.ends > counted.starts
        assert counted.cells[has_data].tolist() == read.cells[has_data].tolist()
        assert counted.lines.tolist() == read.lines.tolist()
        assert (counted.rest, counted.lines_before) == (read.rest, read.lines_before)


@given(data=PIECES)
def test_each_line_is_in_exactly_one_record_or_empty(data):
    found = whole(data)
    inside = sorted(
        number
        for start, end, line in zip(found.starts, found.ends, found.lines, strict=True)
        for number in range(line, line + 1 + data.count(b"\n", start, end))
    )
    wanted = [number for number, line in enumerate(lines_of(data)) if line]

    assert len(set(inside)) == len(inside)
    assert set(wanted) <= set(inside)
    assert found.rest == len(data)


@settings(max_examples=400)
@given(data=PIECES | LINES, cut=st.integers(0, 60), longest=st.sampled_from([10, LONGEST]))
@example(data=b'5" x,y\n"a\nb",US\n', cut=15, longest=LONGEST)
def test_where_a_block_ends_changes_nothing(data, cut, longest):
    first = split(data[:cut], ",", longest, at_end=False)
    rest = data[first.rest :]
    second = split(rest, ",", longest, at_end=True)
    together = split(data, ",", longest, at_end=True)

    assert records(data[:cut], first) + records(rest, second) == records(data, together)
    lines = [*first.lines.tolist(), *(second.lines + first.lines_before).tolist()]
    assert lines == together.lines.tolist()
    assert [*first.cells.tolist(), *second.cells.tolist()] == together.cells.tolist()
    assert first.lines_before + second.lines_before == together.lines_before == len(lines_of(data))


@pytest.mark.parametrize(
    ("data", "texts", "cells"),
    [
        pytest.param(b"a,b\r\nc,d", [b"a,b", b"c,d"], [2, 2], id="carriage returns, no last end"),
        pytest.param(b'"a\n,b",c\n', [b'"a\n,b",c'], [2], id="line feed in quotes"),
        pytest.param(b'"a""b",c\n', [b'"a""b",c'], [2], id="quote in quotes"),
        pytest.param(b"\n\r\na\n\n", [b"a"], [1], id="empty lines"),
        pytest.param(b'5" disk,b\n', [b'5" disk,b'], [2], id="quote within a bare cell"),
        pytest.param(b'"a"b,c\nd,e\n', [b'"a"b,c', b"d,e"], [UNREADABLE, 2],
                     id="text behind a closing quote"),
        pytest.param(b'"a,b\nc,d\n', [b'"a,b', b"c,d"], [UNREADABLE, 2], id="quote never closed"),
        pytest.param(b"a\rb,c\nd,e\n", [b"a\rb,c", b"d,e"], [UNREADABLE, 2],
                     id="carriage return within a line"),
        pytest.param(b"a\0,b\n", [b"a\0,b"], [2], id="NUL"),
        pytest.param(b"", [], [], id="nothing"),
    ],
)  # fmt: skip
def test_records_that_are_odd(data, texts, cells):
    found = whole(data)

    assert records(data, found) == texts
    assert found.cells.tolist() == cells


def test_a_quote_that_is_never_closed_costs_one_line_of_a_long_file():
    lines = [b"a,b"] * 100
    data = b'"open,b\n' + b"\n".join(lines) + b"\n"
    found = whole(data)

    assert found.cells.tolist() == [UNREADABLE, *[2] * 100]
    assert found.lines.tolist() == list(range(101))

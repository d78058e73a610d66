"""What holds for any message: one verdict, whatever path and company; values as sent."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events import LISTEN_EVENTS
from contracts.identity import derived_event_id
from streaming import judge
from streaming.judge import Judge, Verdict
from streaming.limits import EPOCH, MILLISECOND
from streaming.plain import PlainReader
from tests.streaming.judging import BATCH_AT, LIMITS, LISTEN, TS, batch, judged


@pytest.fixture(autouse=True, params=["those alone", "tidied at once"])
def _many(request, monkeypatch):
    """What is oddly written is read one by one, or by the column if that is how most are."""
    if request.param == "tidied at once":
        monkeypatch.setattr(judge, "MANY", 1)


OPTIONAL = [field.wire_name for field in LISTEN_EVENTS if field.nullable]
QUIET = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)

TEXTS = st.builds(
    json.dumps,
    st.text(min_size=1, max_size=8) | st.sampled_from(['"ts":', "\\", "}\n{", "\x00", "é", "null"]),
    ensure_ascii=st.booleans(),
)
DECIMALS = st.from_regex(r"-?[1-8]?[0-9]\.[0-9]{1,24}", fullmatch=True)
FITTING = {
    "text": TEXTS,
    "integer": st.integers(0, 10**19).map(str),
    "number": DECIMALS | st.floats(0, 90).map(repr),
    "boolean": st.sampled_from(["true", "false"]),
    "timestamp": st.integers(TS, TS + 10**7).map(str),
}
ODD_VALUES = TEXTS | DECIMALS | st.integers().map(str) | st.sampled_from(
    ["null", "true", "[]", '{"a":[1]}', "NaN", "1e5", "1E-400", "1e400", "-0", "-0.0", "01", "",
     '[ "a" , {"ts": 1} ]', '{"x" : [null, "}"], "y":"]"}',
     "nul", r'"\ud800"', r'"\ud83d\ude00"', r'"\u00e9\/"', r'"\x"', '""', "'a'", "7.0", '"7"']
)  # fmt: skip
ODD_KEYS = st.sampled_from(
    [field.wire_name for field in LISTEN_EVENTS] + ["x", "TS", r"\u0074s", "a:b", "", 'ts":1,"x']
)
BLANKS = st.sampled_from(["", "", "", "", "", " ", "\n", "\t\r "])
ENDS = st.sampled_from(["", "", "", "\n", "\r\n", " \n", ",", "}"])


@st.composite
def fields(draw: st.DrawFn) -> tuple[str, str]:
    """A field with a value that mostly keeps the contract."""
    field = draw(st.sampled_from(LISTEN_EVENTS.fields))
    if field.allowed:
        return field.wire_name, json.dumps(draw(st.sampled_from(field.allowed)))
    return field.wire_name, draw(FITTING[field.type])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A listen with fields changed, taken away, moved, doubled and added, oddly written."""
    changes = draw(st.lists(fields(), max_size=4))
    pairs = list((LISTEN | dict(changes[1:])).items()) + changes[:1]
    for gone in draw(st.sets(st.sampled_from(OPTIONAL), max_size=2)):
        pairs = [pair for pair in pairs if pair[0] != gone]
    for odd in draw(st.sampled_from([[], [], [(ODD_KEYS, ODD_VALUES)]])):
        pairs.insert(draw(st.integers(0, len(pairs))), draw(st.tuples(*odd)))
    before, after, end = draw(BLANKS), draw(BLANKS), draw(ENDS)
    text = f"{before},{after}".join(f'"{key}"{before}:{after}{raw}' for key, raw in pairs)
    return f"{before}{{{text}}}{end}".encode("utf-8", "surrogatepass")


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A message in which some bytes were replaced."""
    message = bytearray(draw(messages()))
    for _ in range(draw(st.integers(1, 3))):
        message[draw(st.integers(0, len(message) - 1))] = draw(st.integers(0, 255))
    return bytes(message)


ANY_MESSAGE = messages() | mangled() | st.binary(max_size=30) | st.none()


class NothingIsPlain(PlainReader):
    """A fast path that takes no message."""

    def is_plain(self, messages: pa.BinaryArray) -> pa.BooleanArray:
        return pa.repeat(pa.scalar(value=False), len(messages))


def judged_exactly(*messages: bytes | None) -> Verdict:
    exactly = Judge(LISTEN_EVENTS, LIMITS)
    exactly._plain = NothingIsPlain(LISTEN_EVENTS)
    exactly._tidy._reader = lambda _names: exactly._plain
    return exactly(batch(messages), BATCH_AT)


def contents(verdict: Verdict) -> list[Any]:
    """The rows of a verdict, without where they stood."""
    tables = (verdict.accepted, verdict.rejected)
    return [table.drop_columns("kafka_offset").to_pylist() for table in tables]


@QUIET
@given(st.lists(ANY_MESSAGE, max_size=6))
def test_every_message_stands_in_exactly_one_table(sent):
    verdict = judged(*sent)

    offsets = [*verdict.accepted["kafka_offset"], *verdict.rejected["kafka_offset"]]
    assert sorted(each.as_py() for each in offsets) == list(range(100, 100 + len(sent)))
    payloads = {100 + row: payload for row, payload in enumerate(sent)}
    for reject in verdict.rejected.to_pylist():
        assert reject["payload"] == payloads[reject["kafka_offset"]]
        assert reject["reasons"]


@QUIET
@given(st.lists(ANY_MESSAGE, min_size=1, max_size=6))
def test_a_verdict_is_the_same_alone_and_in_company(sent):
    accepted, rejected = contents(judged(*sent))

    for alone in (contents(judged(each)) for each in sent):
        assert alone in ([accepted[:1], []], [[], rejected[:1]])
        del (accepted if alone[0] else rejected)[0]


@QUIET
@given(st.lists(ANY_MESSAGE, max_size=6))
def test_both_paths_give_the_same_verdict(sent):
    fast, exact = judged(*sent), judged_exactly(*sent)

    assert fast.accepted.equals(exact.accepted)
    assert fast.rejected.equals(exact.rejected)


@QUIET
@given(messages())
def test_accepted_values_are_those_that_a_plain_reading_of_the_json_gives(message):
    for row in judged(message).accepted.to_pylist():
        assert {field.name: row[field.name] for field in LISTEN_EVENTS} == dict(expected(message))


def expected(message: bytes) -> Iterator[tuple[str, Any]]:
    """The event's columns, read by the standard library."""
    sent = json.loads(message)
    row = {}
    for field in LISTEN_EVENTS:
        value = sent.get(field.wire_name)
        if value in ("", None):
            row[field.name] = None
        elif field.type == "timestamp":
            row[field.name] = EPOCH + value * MILLISECOND
        else:
            row[field.name] = int(value) if field.accepts_text else value
    row["event_id"] = row["event_id"] or derived_event_id(LISTEN_EVENTS, row)
    yield from row.items()

"""The second look: oddly written messages must be read by the column, and to the same values."""

import json

import pyarrow as pa
import pytest

from contracts.events import LISTEN_EVENTS
from streaming import exact, judge
from streaming.limits import Window
from streaming.tidy import MOST_NAMES, TidyReader, tidied
from tests.streaming.judging import BATCH_AT, LIMITS, LISTEN, json_object, judged, listen

WINDOW = Window.of(LIMITS, BATCH_AT)


def read(*messages):
    frame, rows = TidyReader(LISTEN_EVENTS).read(pa.array(messages, pa.binary()), WINDOW)
    assert len(frame) == len(rows)
    return dict(zip(rows.tolist(), frame["unknown_fields"], strict=True))


@pytest.mark.parametrize(
    ("message", "unknown"),
    [
        pytest.param(json_object(LISTEN, " :\t", " ,\n"), None, id="blanks everywhere"),
        pytest.param(json.dumps(json.loads(listen()), indent=2).encode(), None, id="indented"),
        pytest.param(listen(x='"1"'), '{"x":"1"}', id="an unknown text"),
        pytest.param(listen(x="1.50", y="null"), '{"x":1.50,"y":null}', id="several, as sent"),
        pytest.param(listen(y="1", x="2"), '{"y":1,"x":2}', id="in the order they were sent"),
        pytest.param(
            listen(x='{"a": [1, "]}"], "b" : {} }'), '{"x":{"a": [1, "]}"], "b" : {} }}',
            id="an object with blanks, as sent",
        ),
        pytest.param(listen(x=r'"\"x\":1"'), r'{"x":"\"x\":1"}', id="a text that looks like one"),
        pytest.param(json_object(LISTEN | {"x": "[ ]"}, " : "), '{"x":[ ]}', id="blanks as well"),
        pytest.param(listen(TS="1"), '{"TS":1}', id="a known name in capitals"),
    ],
)  # fmt: skip
def test_oddly_written_messages_are_read_by_the_column(message, unknown):
    assert read(message) == {0: unknown}


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(listen(x="[[[1]]]"), id="deeper than two"),
        pytest.param(listen(x="1e5"), id="an exponent"),
        pytest.param(listen(x='{"ts":1}'), id="a known name within"),
        pytest.param(listen(**{"a b": "1"}), id="a name with a blank"),
        pytest.param(listen()[:-1] + b',"x":1,"x":2}', id="an unknown field twice"),
        pytest.param(listen()[:-1] + b',"tag":"a","tag":null}', id="a value, then null"),
        pytest.param(listen(x="1", level='"gold"'), id="a broken rule"),
        pytest.param(listen(x="1 2"), id="no JSON"),
        pytest.param(listen(x='"\\ud800"'), id="half a surrogate"),
        pytest.param(listen(x='"').replace(b'"x":"', b'"x":"\xff"'), id="no UTF-8"),
        pytest.param(b"", id="no bytes"),
    ],
)
def test_what_it_could_misread_is_left_to_the_exact_path(message):
    assert read(message, listen(x="1")) == {1: '{"x":1}'}


def test_each_message_may_have_other_unknown_fields():
    assert read(listen(), listen(x="1"), listen(y="2"), listen(y="3", x="4")) == {
        0: None, 1: '{"x":1}', 2: '{"y":2}', 3: '{"y":3,"x":4}',
    }  # fmt: skip


def test_names_without_end_do_not_make_an_expression_without_end():
    reader = TidyReader(LISTEN_EVENTS)
    messages = [listen(**{f"x{number}": "1"}) for number in range(500)]
    _, rows = reader.read(pa.array(messages, pa.binary()), WINDOW)

    assert len(rows) == MOST_NAMES


def test_a_batch_of_an_odd_producer_takes_nothing_on_the_exact_path(monkeypatch):
    monkeypatch.setattr(exact.ExactJudge, "__call__", None)
    batch = [listen(x=str(number)) for number in range(judge.MANY)]

    assert judged(*batch).accepted["unknown_fields"].to_pylist() == [
        f'{{"x":{number}}}' for number in range(judge.MANY)
    ]


def test_many_messages_that_are_too_long_are_rejected_unread():
    verdict = judged(*[listen(x='"' + "x" * LIMITS.max_event_bytes + '"')] * judge.MANY)

    assert verdict.rejected["reasons"].to_pylist() == [["oversized"]] * judge.MANY


def test_what_is_no_json_is_tidied_to_itself():
    odd = [None, b"", b"{", b'{"a":1} x', b"[" * 100_000, b'{ "a" : 1 }']

    assert tidied(pa.array(odd, pa.binary())).to_pylist() == [*odd[:-1], b'{"a":1}']

"""What the fast path takes: everyday messages must not fall to the slower one unnoticed."""

import gzip

import pyarrow as pa
import pytest

from contracts.events import EVENTS, LISTEN_EVENTS
from streaming.plain import PlainReader
from tests.streaming.judging import LISTEN, json_object, listen


def is_plain(*messages, event=LISTEN_EVENTS):
    return PlainReader(event).is_plain(pa.array(messages, pa.binary())).to_pylist()


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(listen(), id="as the classic eventsim writes it"),
        pytest.param(json_object(LISTEN, ": ", ", "), id="as Python writes it"),
        pytest.param(listen() + b"\r\n", id="with the end of its line"),
        pytest.param(listen("userId", "gender", "registration"), id="a guest"),
        pytest.param(listen(userId='"42"'), id="an id in quotes"),
        pytest.param(listen(userId='""', gender="null"), id="a guest with empty details"),
        pytest.param(listen(city='"Bogotá"'), id="text beyond ASCII"),
        pytest.param(listen(city=r'"Bogot\u00e1"'), id="the same, escaped"),
        pytest.param(listen(city='""'), id="one that a rule will refuse"),
        pytest.param(listen(city=r'"\ud83d\ude00"'), id="surrogates in pairs"),
    ],
)
def test_everyday_messages_are_plain(message):
    assert is_plain(message) == [True]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(listen(x="1"), id="an unknown field"),
        pytest.param(listen(lat="4e1"), id="an exponent"),
        pytest.param(listen(sessionId="9223372036854775807"), id="the longest integers"),
        pytest.param(listen(city=r'"\ud83d"'), id="half a pair of surrogates"),
        pytest.param(listen(city=r'"\ude00\ud83d"'), id="a pair the wrong way round"),
        pytest.param(listen(city="null"), id="null where it may not be"),
        pytest.param(b"{}", id="nothing"),
        pytest.param(b"", id="no bytes"),
        pytest.param(listen() + b"\n" + listen(), id="two messages"),
        pytest.param(listen(city='"\n"'), id="a line break within"),
    ],
)
def test_what_polars_could_misread_is_not_plain(message):
    assert is_plain(message) == [False]


def test_a_null_is_neither():
    assert is_plain(None) == [None]


@pytest.mark.shared
@pytest.mark.parametrize("event", EVENTS[:4], ids=lambda event: event.name)
def test_all_that_the_classic_eventsim_wrote_is_plain(shared_data, event):
    with gzip.open(shared_data / f"eventsim/classic-output/{event.name}.json.gz") as file:
        assert all(is_plain(*file.readlines(), event=event))

"""Poison is rejected, copies are exact, and the report tells how many there are."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EVENTS, EVENTS_BY_NAME, Event
from eventsim.faults import POISONS, FaultRates, oversized
from tests.eventsim.judge import verdict

GOOD = {
    "page_view_events": b'{"ts":1704153600000,"sessionId":7,"page":"Home","auth":"Logged Out",'
    b'"method":"GET","status":200,"level":"free","itemInSession":0,"city":"Lima","zip":"45801",'
    b'"state":"OH","userAgent":"curl","lon":-84.1,"lat":40.7}',
    "music_events": b'{"event_id":"7-0-0","user_id":7,"session_id":7,"event_type":"play",'
    b'"song_id":"S1","song":"A","artist":"B","position_seconds":0,"device_type":"phone",'
    b'"region":"OH","country":"US","ts":1704153600000}',
}
WANTED = {
    "truncated_json": "unreadable_json",
    "wrong_type": "wrong_type",
    "missing_field": "missing_field",
    "invalid_utf8": "unreadable_json",
}


@pytest.mark.parametrize("kind", POISONS)
@pytest.mark.parametrize("topic", GOOD)
@given(choice=st.integers(0, 2**32 - 1))
def test_poison_is_rejected_for_what_it_is(topic, kind, choice):
    event = EVENTS_BY_NAME[topic]

    assert verdict(event, GOOD[topic]) is None
    assert verdict(event, POISONS[kind](event, GOOD[topic], choice)) == WANTED[kind]


@given(most=st.integers(1, 10_000))
def test_an_oversized_message_is_above_the_limit(most):
    assert len(oversized(GOOD["music_events"], most)) > most


@pytest.fixture(scope="module")
def faulty(simulate):
    return simulate(rates=FaultRates(poison=0.05, resend=0.03, max_event_bytes=4096))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_the_report_tells_what_was_sent(faulty, event: Event):
    folder, report = faulty
    counts = report.topics[event.name]
    lines = (folder / f"{event.name}.json").read_bytes().split(b"\n")[:-1]
    good = [line for line in lines if verdict(event, line, 4096) is None]

    assert len(lines) == counts.messages
    assert len(lines) - len(good) == sum(counts.poison.values())
    assert len(good) - len(set(good)) == counts.resent
    assert len(set(good)) == counts.events


def test_faults_leave_the_good_messages_as_they_are(faultless, faulty):
    clean, _ = faultless
    for path in clean.iterdir():
        event = EVENTS_BY_NAME[path.stem]
        lines = (faulty[0] / path.name).read_bytes().split(b"\n")[:-1]
        good = dict.fromkeys(line for line in lines if verdict(event, line, 4096) is None)
        assert list(good) == path.read_bytes().splitlines()


def test_all_kinds_of_poison_are_used(faulty):
    kinds = sum((Counter(counts.poison) for counts in faulty[1].topics.values()), Counter())

    assert set(kinds) == {*POISONS, "oversized"}

"""Poison is rejected, copies are exact, and the report tells how many there are."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EVENTS, EVENTS_BY_NAME, Event
from contracts.lake import parse_hour_key
from eventsim.bots import BURST
from eventsim.faults import FaultRates
from eventsim.poison import POISONS, oversized
from tests.eventsim.conftest import START, read
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


ALL = FaultRates(
    poison=0.02,
    resend=0.02,
    conflict=0.02,
    late=0.05,
    late_seconds=600,
    out_of_order=0.05,
    clock_skew=0.05,
    bots=0.01,
    drop=0.5,
    drop_from=START + 10 * 3600,
    drop_to=START + 12 * 3600,
    max_event_bytes=4096,
)


@pytest.fixture(scope="module")
def ledger(simulate, tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "ledger.ndjson"
    folder, report = simulate(rates=ALL, ledger=path)
    return folder, report, [json.loads(line) for line in path.read_bytes().splitlines()]


def test_the_ledger_counts_the_good_events_of_each_topic_and_hour(ledger):
    folder, _, lines = ledger
    found = Counter()
    for event in EVENTS:
        sent = (folder / f"{event.name}.json").read_bytes().split(b"\n")[:-1]
        good = {line for line in sent if verdict(event, line, 4096) is None}
        bodies = [json.loads(line) for line in good if b"Elsewhere" not in line]
        found.update((event.name, body["ts"] // 3_600_000) for body in bodies)
    told = {
        (line["topic"], int(parse_hour_key(line["hour"]).timestamp()) // 3600): line["events"]
        for line in lines
        if "hour" in line
    }

    assert told == found


def test_every_fault_is_in_the_ledger(ledger):
    folder, report, lines = ledger
    faults = Counter(line["fault"] for line in lines if "fault" in line)
    sent = sum(path.read_bytes().count(b"\n") for path in folder.iterdir())

    assert {"resent", "conflicting", "late", "out_of_order", "clock_skew", "bot", "dropped"} <= set(
        faults
    )
    assert faults["resent"] == sum(counts.resent for counts in report.topics.values())
    assert sent == sum(counts.messages for counts in report.topics.values())


def test_what_bots_play_they_request_too(simulate):
    bodies = read(simulate(rates=FaultRates(bots=0.01))[0])
    listens = Counter((body["sessionId"], body["ts"]) for body in bodies["listen_events"])
    pages = Counter(
        (body["sessionId"], body["ts"]) for body in bodies["page_view_events"] if "song" in body
    )

    assert listens == pages
    starts = Counter((body["sessionId"], body["itemInSession"]) for body in bodies["listen_events"])
    assert set(starts.values()) == {1, 1 + BURST}


def test_what_bots_play_the_player_plays_too(simulate):
    bodies = read(simulate(rates=FaultRates(bots=0.01))[0])
    shown = [body for body in bodies["listen_events"] if "userId" in body]
    listens = Counter((body["sessionId"], body["ts"]) for body in shown)
    actions = bodies["music_events"]
    plays = [body for body in actions if body["event_type"] == "play"]
    bots = [body for body in actions if "-b" in body["event_id"]]

    assert listens == Counter((body["session_id"], body["ts"]) for body in plays)
    assert len({body["event_id"] for body in actions}) == len(actions)
    assert Counter(body["event_type"] for body in bots)["skip"] == len(bots) / 2 > 0
    assert {(body["event_type"], body["position_seconds"]) for body in bots} == {
        ("play", 0),
        ("skip", 1),
    }


def test_the_ledger_knows_a_bot_by_its_events(ledger):
    folder, _, lines = ledger
    sent = {body["event_id"] for body in read(folder, lambda line: b"-b" in line)["music_events"]}
    told = {line["event_id"] for line in lines
            if line.get("fault") == "bot" and line["topic"] == "music_events"}  # fmt: skip

    assert told == sent


def test_late_messages_come_after_those_that_happened_later(ledger):
    folder, _, lines = ledger
    late = [line for line in lines if line.get("fault") == "late"]
    line = next(line for line in late if line["topic"] == "listen_events")
    times = [
        json.loads(sent)["ts"]
        for sent in (folder / "listen_events.json").read_bytes().split(b"\n")[:-1]
        if verdict(EVENTS_BY_NAME["listen_events"], sent, 4096) is None
    ]

    assert max(times[: times.index(line["ts"])]) > line["ts"]


def test_faults_do_not_depend_on_the_stretches(simulate, ledger):
    folder, _ = simulate(rates=ALL, stops=[START + 5_000, START + 40_000])

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in ledger[0].iterdir()
    }

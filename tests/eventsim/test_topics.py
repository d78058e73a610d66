"""What the five topics say, and that they agree with each other."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EVENTS, EVENTS_BY_NAME
from eventsim.fragments import Pool
from eventsim.topics import TOPICS
from tests.eventsim.judge import verdict

DEVICE = ["city", "zip", "state", "userAgent", "lon", "lat"]
USER = ["userId", "lastName", "firstName", "gender", "registration"]
ORDER = {
    "page_view_events": [
        "ts", "sessionId", "page", "auth", "method", "status", "level", "itemInSession",
        *DEVICE, *USER, "artist", "song", "duration",
    ],
    "listen_events": [
        "artist", "song", "duration", "ts", "sessionId", "auth", "level", "itemInSession",
        *DEVICE, *USER, "songId",
    ],
    "auth_events": ["ts", "sessionId", "level", "itemInSession", *DEVICE, *USER, "success"],
    "status_change_events": [
        "ts", "sessionId", "auth", "level", "itemInSession", *DEVICE, *USER,
    ],
    "music_events": [
        "event_id", "user_id", "session_id", "event_type", "song_id", "song", "artist",
        "position_seconds", "device_type", "region", "country", "ts",
    ],
}  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_message_keeps_its_contract(faultless, event):
    folder, _ = faultless
    lines = (folder / f"{event.name}.json").read_bytes().splitlines()

    assert lines
    assert {verdict(event, line) for line in lines} == {None}


@pytest.mark.parametrize("topic", TOPICS)
def test_fields_stand_in_the_classic_order(day, topic):
    for event in day[topic]:
        assert list(event) == [name for name in ORDER[topic] if name in event]


@pytest.mark.parametrize("topic", TOPICS)
def test_events_stand_in_order_of_time(day, topic):
    times = [event["ts"] for event in day[topic]]

    assert times == sorted(times)


def test_users_are_told_of_only_when_they_are_logged_in(day):
    for event in day["page_view_events"]:
        told = [name for name in USER if name in event]
        assert told == (USER if event["auth"] in ("Logged In", "Cancelled") else [])


def test_each_song_page_is_a_listen_and_no_other_page_is(day):
    columns = ("ts", "sessionId", "itemInSession", "artist", "song", "duration")
    pages = [page for page in day["page_view_events"] if page["page"] == "NextSong"]

    assert [[page[name] for name in columns] for page in pages] == [
        [listen[name] for name in columns] for listen in day["listen_events"]
    ]


def test_each_login_follows_a_login_page_and_tells_its_outcome(day):
    pages = {(page["sessionId"], page["itemInSession"]): page for page in day["page_view_events"]}
    for login in day["auth_events"]:
        page = pages[login["sessionId"], login["itemInSession"]]
        before = pages.get((login["sessionId"], login["itemInSession"] - 1))
        assert before is None or before["page"] == "Login"
        assert login["success"] == (page["auth"] == "Logged In")


def test_each_change_of_plan_is_a_page_with_the_old_plan(day):
    changes = [page for page in day["page_view_events"] if page["page"].startswith("Submit ")]
    changes = [page for page in changes if page["page"] != "Submit Registration"]

    assert [(page["ts"], page["level"]) for page in changes] == [
        (change["ts"], change["level"]) for change in day["status_change_events"]
    ]


def test_no_two_requests_share_session_and_item(day):
    counts = Counter((page["sessionId"], page["itemInSession"]) for page in day["page_view_events"])

    assert counts.most_common(1)[0][1] == 1


def test_player_actions_have_ids_of_their_own(day):
    ids = [action["event_id"] for action in day["music_events"]]

    assert len(set(ids)) == len(ids)


def test_each_listen_is_a_play(day):
    plays = [action for action in day["music_events"] if action["event_type"] == "play"]

    assert [(play["ts"], play["session_id"], play["song_id"]) for play in plays] == [
        (listen["ts"], listen["sessionId"], listen["songId"]) for listen in day["listen_events"]
    ]


def test_songs_are_played_through_unless_they_are_skipped(day):
    duration = {listen["songId"]: int(listen["duration"]) for listen in day["listen_events"]}
    for action in day["music_events"]:
        if action["event_type"] == "stop" and action["song_id"] in duration:
            assert action["position_seconds"] == duration[action["song_id"]]
        if action["event_type"] == "skip" and action["song_id"] in duration:
            assert 0 < action["position_seconds"] < max(duration[action["song_id"]], 2)


def test_the_next_song_begins_no_earlier_than_the_last_one_ends(day):
    actions = defaultdict(list)
    for action in day["music_events"]:
        actions[action["session_id"]].append(action)
    for session in actions.values():
        playing = None
        for action in session:
            if action["event_type"] == "play":
                assert playing is None
                playing = action["song_id"]
            elif playing is not None:
                assert action["song_id"] == playing
                playing = None if action["event_type"] in ("stop", "skip") else playing


def test_positions_in_a_song_never_go_back(day):
    position = {}
    for action in day["music_events"]:
        listen = action["event_id"].rpartition("-")[0]
        assert action["position_seconds"] >= position.get(listen, 0)
        position[listen] = action["position_seconds"]


def test_all_topics_are_declared(day):
    assert set(day) == set(EVENTS_BY_NAME)


@given(values=st.lists(st.integers(0, 10**15), min_size=1, max_size=20))
def test_numbers_are_written_in_decimal(pool, values):
    columns = [*pool.number(np.array(values)), pool.newline]
    lines = pool.lines(columns, len(values))

    assert lines.texts() == [str(value).encode() for value in values]


@pytest.fixture(scope="module")
def pool():
    pool = Pool()
    pool.newline = pool.add(["\n"])
    return pool

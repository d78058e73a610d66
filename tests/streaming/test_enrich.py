import pytest

from contracts.events import EVENTS, LISTEN_EVENTS, MUSIC_EVENTS
from streaming.regions import COUNTRIES, REGION_OF_COUNTRY, REGION_OF_STATE, STATES
from tests.streaming.judging import TS, accepted, json_object, judged, listen

PLAY = {
    "event_id": '"a"', "user_id": "7", "session_id": "1", "event_type": '"play"',
    "song_id": '"s"', "song": '"Sinnerman"', "artist": '"Nina Simone"', "position_seconds": "0",
    "device_type": '"speaker"', "region": '"WA"', "country": '"US"', "ts": str(TS),
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "region"),
    [
        pytest.param("NJ", "Northeast", id="a state"),
        pytest.param("wa", "West", id="in small letters"),
        pytest.param("DC", "South", id="the capital"),
        pytest.param("PR", "Territories", id="a territory"),
        pytest.param("Bavaria", None, id="another country's"),
        pytest.param("../etc", None, id="hostile"),
    ],
)
def test_a_listens_home_region_is_that_of_its_state(state, region):
    assert accepted(listen(state=f'"{state}"'))["home_region"] == region


@pytest.mark.parametrize(
    ("country", "region", "home"),
    [
        pytest.param("US", "WA", "West", id="at home, by state"),
        pytest.param("us", "WA", "West", id="at home, in small letters"),
        pytest.param("AU", "WA", "Oceania", id="a state's name in another country"),
        pytest.param("DE", "BY", "Europe", id="by country"),
        pytest.param("XX", "WA", None, id="no such country"),
        pytest.param("US", "XX", None, id="no such state"),
    ],
)
def test_a_players_home_region_is_that_of_state_or_country(country, region, home):
    sent = PLAY | {"country": f'"{country}"', "region": f'"{region}"'}

    assert accepted(json_object(sent), MUSIC_EVENTS)["home_region"] == home


def test_what_the_producer_says_of_the_device_stays():
    row = accepted(json_object(PLAY), MUSIC_EVENTS)

    assert (row["device_type"], row["region"]) == ("speaker", "WA")
    assert "browser" not in row


def test_each_row_gets_the_classes_of_its_own_agent():
    agents = ['"curl/8"', '"x"', '"Mozilla/5.0 (X11; Linux x86_64) Firefox/1"', '"curl/8"']
    rows = judged(*(listen(userAgent=each) for each in agents)).accepted

    assert rows["device_type"].to_pylist() == ["bot", None, "desktop", "bot"]
    assert rows["operating_system"].to_pylist() == ["bot", None, "linux", "bot"]
    assert rows["browser"].to_pylist() == ["bot", None, "firefox", "bot"]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_derived_columns_may_be_null_and_are_not_personal(event):
    assert event.derived
    assert all(each.nullable and not each.personal for each in event.derived)
    assert not {each.name for each in event.derived} & {each.name for each in event}


def test_classes_come_after_what_was_sent_so_that_they_never_name_an_event():
    sent, again = listen(), listen(userAgent='"curl/8"')

    assert accepted(sent)["event_id"] == accepted(again)["event_id"]
    assert not {each.name for each in LISTEN_EVENTS.derived} & set(LISTEN_EVENTS.identity)


def test_no_state_or_country_has_two_regions():
    assert len(REGION_OF_STATE) == sum(len(each.split()) for each in STATES.values()) == 56
    assert len(REGION_OF_COUNTRY) == sum(len(each.split()) for each in COUNTRIES.values())

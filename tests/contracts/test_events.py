"""The declarations themselves: complete, unambiguous, and frozen where they must be."""

import pytest

from contracts.events import EVENTS, EVENTS_BY_NAME, LANDING_FIELDS, lake_fields

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)


def test_there_is_one_event_per_topic():
    assert list(EVENTS_BY_NAME) == [
        "listen_events",
        "page_view_events",
        "auth_events",
        "status_change_events",
        "music_events",
    ]


@each_event
def test_names_are_unique_on_the_wire_and_in_the_lake(event):
    assert len({field.wire_name for field in event}) == len(event.fields)
    assert len({field.name for field in lake_fields(event)}) == len(lake_fields(event))


@each_event
def test_every_field_says_what_it_means(event):
    assert all(field.description.endswith(".") for field in lake_fields(event))


@each_event
def test_every_event_has_an_identity_and_a_time(event):
    assert event["event_id"].wire_name == "event_id"
    assert event["occurred_at"].wire_name == "ts"
    assert not event["occurred_at"].nullable


@each_event
def test_every_lake_row_has_an_id_and_a_position(event):
    by_name = {field.name: field for field in lake_fields(event)}

    assert not by_name["event_id"].nullable
    assert {"kafka_topic", "kafka_partition", "kafka_offset"} <= set(by_name)


def test_an_unknown_field_is_named_in_the_error():
    with pytest.raises(KeyError, match="listen_events has no field 'shoe_size'"):
        EVENTS_BY_NAME["listen_events"]["shoe_size"]


def test_who_and_where_somebody_is_is_marked_personal():
    personal = {field.name for event in EVENTS for field in event if field.personal}

    assert personal == {
        "user_id", "first_name", "last_name", "zip", "latitude", "longitude", "user_agent",
    }  # fmt: skip
    assert [field.name for field in LANDING_FIELDS if field.personal] == ["unknown_fields"]


def test_the_first_contracts_identity_fields_are_frozen():
    """A change here gives old events new ids: it needs a new `identity.VERSION`."""
    assert {event.name: event.identity for event in EVENTS} == {
        "listen_events": (
            "occurred_at", "session_id", "item_in_session", "user_id", "level", "auth",
            "artist", "song",
        ),
        "page_view_events": (
            "occurred_at", "session_id", "item_in_session", "user_id", "level", "auth",
            "page", "method", "status_code", "artist", "song",
        ),
        "auth_events": (
            "occurred_at", "session_id", "item_in_session", "user_id", "level", "auth",
            "is_success",
        ),
        "status_change_events": (
            "occurred_at", "session_id", "item_in_session", "user_id", "level", "auth",
        ),
        "music_events": (),
    }  # fmt: skip

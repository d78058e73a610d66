"""What a verdict holds: every message once, in order, with its position and its time."""

import pickle
from datetime import timedelta

import pyarrow as pa
import pytest

from contracts.events import AUTH_EVENTS, CONTRACT_VERSION, EVENTS, LISTEN_EVENTS, MUSIC_EVENTS
from contracts.identity import derived_event_id
from contracts.to_arrow import REJECTED_SCHEMA, accepted_schema
from streaming import judge as judge_module
from streaming.judge import Judge
from streaming.limits import EPOCH, MILLISECOND
from tests.streaming.judging import (
    BATCH_AT,
    LIMITS,
    OLDEST,
    TS,
    accepted,
    batch,
    json_object,
    judged,
    listen,
    reasons,
)

MUSIC = {
    "event_id": '"e-1"', "ts": str(TS), "user_id": "42", "session_id": "7",
    "event_type": '"play"', "song_id": '"S1"', "song": '"Sinnerman"', "artist": '"Nina Simone"',
    "position_seconds": "0", "device_type": '"phone"', "region": '"ID"', "country": '"US"',
}  # fmt: skip
MIXED = (listen(), b"{", listen(x="1"), None, listen("tag"), listen("ts"), listen(level='"gold"'))


def milliseconds(moment):
    return (moment - EPOCH) // MILLISECOND


def test_every_message_is_accepted_or_rejected_once_in_order_of_arrival():
    verdict = judged(*MIXED)

    assert verdict.accepted["kafka_offset"].to_pylist() == [100, 102, 104]
    assert verdict.rejected["kafka_offset"].to_pylist() == [101, 103, 105, 106]


def test_an_accepted_row_carries_its_position_and_the_time_of_its_batch():
    row = accepted(listen())

    assert (row["kafka_topic"], row["kafka_partition"]) == ("listen_events", 2)
    assert (row["kafka_offset"], row["landed_at"]) == (100, BATCH_AT)


def test_a_reject_keeps_the_bytes_as_received():
    reject = judged(b'\xff{"ts"\x00').rejected.to_pylist()[0]

    assert reject == {
        "kafka_topic": "listen_events",
        "kafka_partition": 2,
        "kafka_offset": 100,
        "payload": b'\xff{"ts"\x00',
        "reasons": ["unreadable_json"],
        "judged_at": BATCH_AT,
        "contract_version": CONTRACT_VERSION,
    }


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
@pytest.mark.parametrize("messages", [(), (b"{",), (None,)], ids=["none", "a bad one", "a null"])
def test_tables_keep_their_schemas_when_nothing_is_accepted(event, messages):
    verdict = judged(*messages, event=event)

    assert verdict.accepted.schema == accepted_schema(event)
    assert verdict.rejected.schema == REJECTED_SCHEMA
    assert verdict.accepted.num_rows == 0


def test_all_reasons_are_listed_by_kind_and_then_by_field():
    message = listen("sessionId", ts="0", level='"gold"', lat="99", city="1", artist='""', zip="2")

    assert reasons(message) == [
        "missing_field:sessionId",
        "missing_field:artist",
        "wrong_type:city",
        "wrong_type:zip",
        "out_of_range:lat",
        "not_allowed:level",
        "impossible_time:ts",
    ]


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        pytest.param(milliseconds(OLDEST), [], id="the oldest"),
        pytest.param(milliseconds(OLDEST) - 1, ["impossible_time:ts"], id="older"),
        pytest.param(milliseconds(BATCH_AT) + 300_000, [], id="the latest"),
        pytest.param(milliseconds(BATCH_AT) + 300_001, ["impossible_time:ts"], id="later"),
        pytest.param(2**63 - 1, ["impossible_time:ts"], id="the end of time"),
        pytest.param(-(2**63), ["impossible_time:ts"], id="its beginning"),
    ],
)
def test_event_time_is_judged_by_the_time_of_the_batch(ts, expected):
    assert reasons(listen(ts=str(ts))) == expected


@pytest.mark.parametrize(
    ("raw", "user_id"),
    [
        pytest.param("42", 42, id="a number"),
        pytest.param('"42"', 42, id="text"),
        pytest.param('"-42"', -42, id="negative text"),
        pytest.param('""', None, id="empty text"),
        pytest.param("null", None, id="null"),
        pytest.param('"9223372036854775807"', 2**63 - 1, id="the largest"),
        pytest.param(r'"\u0034\u0032"', 42, id="escaped digits"),
    ],
)
def test_user_ids_are_read_in_every_wire_form(raw, user_id):
    assert accepted(listen(userId=raw))["user_id"] == user_id


@pytest.mark.parametrize(
    "raw", ['"42 "', '"4.0"', '"007"', '"+42"', '"x"', '"9223372036854775808"', '"٤٢"', "4.0", "[]"]
)
def test_other_user_ids_are_of_the_wrong_type(raw):
    assert reasons(listen(userId=raw)) == ["wrong_type:userId"]


def test_guests_have_no_user_details():
    row = accepted(listen("userId", "firstName", "lastName", "gender", "registration"))

    assert [row[k] for k in ("user_id", "first_name", "last_name", "registered_at")] == [None] * 4


def test_an_id_is_derived_where_none_was_sent():
    row = accepted(listen())

    assert row["event_id"] == derived_event_id(LISTEN_EVENTS, row)
    assert accepted(listen(event_id='""', city='"Ames"'))["event_id"] == row["event_id"]
    assert accepted(listen(event_id='"mine"'))["event_id"] == "mine"


def test_players_must_send_an_id():
    assert accepted(json_object(MUSIC), MUSIC_EVENTS)["event_id"] == "e-1"
    assert reasons(json_object(MUSIC | {"event_id": '""', "user_id": '""'}), MUSIC_EVENTS) == [
        "missing_field:event_id",
        "missing_field:user_id",
    ]


def test_the_success_of_a_login_is_a_boolean():
    login = listen("artist", "song", "duration", "auth", success="false")

    assert accepted(login, AUTH_EVENTS)["is_success"] is False
    assert reasons(listen("auth", success="0"), AUTH_EVENTS) == ["wrong_type:success"]
    assert reasons(listen("auth"), AUTH_EVENTS) == ["missing_field:success"]


def test_unknown_fields_are_kept_as_sent():
    message = listen(b='{"y": [1.50, "é"]}', **{"weird \\u0022 key": "1E400"})

    assert accepted(message)["unknown_fields"] == (r'{"b":{"y": [1.50, "é"]},"weird \" key":1E400}')


def test_a_message_over_the_limit_is_rejected_unread():
    limit = LIMITS.max_event_bytes
    padding = limit - len(listen(tag='""'))
    longest, too_long = (listen(tag=f'"{"x" * each}"') for each in (padding, padding + 1))

    assert (len(longest), reasons(longest)) == (limit, [])
    assert reasons(too_long) == ["oversized"]
    assert reasons(listen().ljust(limit + 1)) == ["oversized"]
    assert reasons(b"\xff" * (limit + 1)) == ["oversized"]


def test_a_slice_of_a_batch_is_judged_like_a_batch():
    whole = Judge(LISTEN_EVENTS, LIMITS)(batch(MIXED), BATCH_AT)
    part = Judge(LISTEN_EVENTS, LIMITS)(batch(MIXED).slice(1, 4), BATCH_AT)

    assert part.accepted.equals(whole.accepted.slice(1, 2))
    assert part.rejected.equals(whole.rejected.slice(0, 2))


def test_a_large_batch_is_judged_in_pieces_with_the_same_verdict(monkeypatch):
    whole = judged(*MIXED)
    monkeypatch.setattr(judge_module, "PIECE_BYTES", 100)

    pieces = judged(*MIXED)

    assert pieces.accepted.equals(whole.accepted)
    assert pieces.rejected.equals(whole.rejected)


def test_a_large_binary_column_will_do():
    messages = batch(MIXED)
    large = messages.set_column(3, "value", messages.column("value").cast(pa.large_binary()))

    assert Judge(LISTEN_EVENTS, LIMITS)(large, BATCH_AT).rejected.equals(judged(*MIXED).rejected)


def test_limits_travel_to_other_processes():
    assert pickle.loads(pickle.dumps(LIMITS)) == LIMITS
    assert LIMITS.future_skew == timedelta(minutes=5)

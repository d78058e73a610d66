"""Loading into Postgres: however events come, the metrics are a recount of those that stand."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import UnavailableError
from streaming.serving.load import LATENESS, LoadedBatch, commit, load_rows, stage
from streaming.serving.migrate import ready_connection
from streaming.serving.staging import cut_off_after

from .actions import action, check_metrics_are_a_recount, rows_of

pytestmark = pytest.mark.integration


@pytest.fixture
def connection(postgres):
    with ready_connection(postgres) as connection:
        connection.autocommit = True
        yield connection


def load(connection, number, actions):
    return load_rows(connection, LoadedBatch("files", number), [rows_of(actions)])


def test_events_come_with_their_metrics(connection):
    done = load(connection, 0, [action(each) for each in range(50)])

    assert (done.events, done.inserted, done.duplicates) == (50, 50, 0)
    assert check_metrics_are_a_recount(connection).height == 50
    batch = connection.execute(
        "select kind, events, inserted, duplicates, first_ts, last_ts from serving_batches"
    ).fetchone()
    assert batch[:4] == ("files", 50, 50, 0)
    assert batch[4] < batch[5]


def test_an_event_counts_once_within_a_batch_and_over_batches(connection):
    load(connection, 0, [action(1), action(1), action(2)])
    again = load(connection, 1, [action(2), action(3)])

    assert (again.inserted, again.duplicates) == (1, 1)
    assert check_metrics_are_a_recount(connection).height == 3


def test_the_first_of_an_id_stays_also_when_its_content_differs(connection):
    load(connection, 0, [action(1)])
    load(connection, 1, [action(1, region="TX", ts=action(99)["ts"])])

    events = check_metrics_are_a_recount(connection)
    assert events["region"].to_list() == [action(1)["region"]]


def test_a_batch_on_record_is_not_loaded_again(connection):
    first = load(connection, 0, [action(1)])
    again = load(connection, 0, [action(2)])

    assert (again.was_loaded, again.events) == (True, first.events)
    assert check_metrics_are_a_recount(connection).height == 1


def test_an_empty_batch_is_put_on_record(connection):
    assert load(connection, 0, []).events == 0
    assert load(connection, 0, []).was_loaded


def test_late_events_count_and_their_minute_stays_final(connection):
    load(connection, 0, [action(0), action(200)])
    finals = "select is_final from minute_metrics order by window_start"
    assert connection.execute(finals).fetchall() == [(True,), (False,)]

    load(connection, 1, [action(0, event_id="late", user_id=99)])

    check_metrics_are_a_recount(connection)
    events, users, final = connection.execute(
        "select events, users, is_final from minute_metrics order by window_start limit 1"
    ).fetchone()
    assert (events, users, final) == (2, 2, True)


def test_whatever_keeps_the_contract_can_be_stored(connection):
    hostile = [
        action(1, event_id="x" * 5000, song="a\tb\nc\\.\nd\\N\r", artist=r"\N"),
        action(2, event_id="y" * 4999, region="r" * 10_000, song="\x00 zero", artist="\\"),
        action(3, event_id="z\x00", region="\x00\\\t", song="\u202e<script>", artist="ß😀"),
    ]

    assert load(connection, 0, hostile).inserted == 3
    assert load(connection, 1, hostile).inserted == 0

    check_metrics_are_a_recount(connection)
    found = connection.execute("select song, artist from raw_events order by ts").fetchall()
    assert found[0] == (hostile[0]["song"], hostile[0]["artist"])
    assert found[1] == ("\ufffd zero", "\\")
    assert found[2] == (hostile[2]["song"], hostile[2]["artist"])


def test_rows_that_a_crash_took_from_staging_are_never_passed_over(connection):
    count = stage(connection, "run", [rows_of([action(1), action(2)])])
    connection.execute("delete from staging_events where event_id = 'e-1'")

    with pytest.raises(UnavailableError, match="1 of 2 rows"), connection.transaction():
        commit(connection, {"run": count}, LoadedBatch("w", 0, "stream"), LATENESS)

    assert connection.execute("select count(*) from raw_events").fetchone() == (0,)


class DeathError(Exception):
    """The loader dies here."""


def die_if(due):
    if due:
        raise DeathError


STEPS = ("staged", "merged", "none")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=st.lists(
        st.tuples(st.lists(st.integers(0, 80), max_size=25), st.sampled_from(STEPS)), max_size=6
    )
)
def test_any_split_any_order_any_crash_gives_a_recount(connection, batches):
    connection.execute(
        "truncate raw_events, daily_metrics, minute_metrics, daily_users, minute_users, "
        "serving_batches"
    )
    for number, (numbers, dies_when) in enumerate(batches):
        rows = [rows_of([action(each) for each in numbers])]
        batch = LoadedBatch("w", number)
        try:
            with connection.transaction():
                count = stage(connection, "run", rows)
                die_if(dies_when == "staged")
                commit(connection, {"run": count}, batch, LATENESS)
                die_if(dies_when == "merged")
        except DeathError:
            check_metrics_are_a_recount(connection)
            load_rows(connection, batch, rows)

    events = check_metrics_are_a_recount(connection)
    wanted = {f"e-{each}" for numbers, _ in batches for each in numbers}
    assert sorted(events["event_id"]) == sorted(wanted)


def test_writers_take_turns(connection, postgres):
    with ready_connection(postgres) as other:
        other.execute("set lock_timeout to '200ms'")
        other.commit()
        with connection.transaction():
            count = stage(connection, "run", [rows_of([action(1)])])
            commit(connection, {"run": count}, LoadedBatch("a", 0), LATENESS)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                load_rows(other, LoadedBatch("b", 0), [rows_of([action(1)])])
        other.rollback()
        assert load_rows(other, LoadedBatch("b", 0), [rows_of([action(1)])]).duplicates == 1
    check_metrics_are_a_recount(connection)


def test_an_event_that_is_ahead_of_the_clock_makes_no_minute_final(connection):
    now = datetime.now(UTC)
    ahead, on_time = (int(each.timestamp() * 1000) for each in (now + timedelta(minutes=9), now))

    load(connection, 0, [action(1, ts=on_time), action(2, ts=ahead)])

    finals = connection.execute("select bool_or(is_final) from minute_metrics").fetchone()
    assert finals == (False,)


def test_a_server_that_does_not_answer_is_given_up(postgres):
    with postgres.connect() as connection, cut_off_after(60, connection):
        assert connection.execute("select 1").fetchone() == (1,)

    with suppress(psycopg.OperationalError), postgres.connect() as connection:  # noqa: SIM117
        with pytest.raises(psycopg.OperationalError), cut_off_after(0.1, connection):
            connection.execute("select pg_sleep(600)")

"""Erasing a user from the serving database."""

import psycopg
import pytest

from contracts.store import FolderStore
from contracts.suppression import SuppressionKey, SuppressionList
from streaming.erase.postgres import erase_postgres
from streaming.serving.load import LATENESS, LoadedBatch, commit, load_rows, stage
from streaming.serving.merge import LOCK
from streaming.serving.migrate import ready_connection
from tests.streaming.serving.actions import action, check_metrics_are_a_recount, rows_of

pytestmark = pytest.mark.integration
ANN = 7_350_219_864_731
KEY = SuppressionKey("the key of these tests")


def actions(first: int, count: int) -> list[dict[str, object]]:
    """Actions of seven users, and of Ann; some minutes are hers alone."""
    return [
        action(n, user_id=ANN) if n % 4 == 0 or 12 <= n < 24 else action(n)
        for n in range(first, first + count)
    ]


def size_with(connection: psycopg.Connection, user: int) -> list[str]:
    """Relations of the database whose files hold the user's id, as Postgres writes it."""
    connection.execute("checkpoint")
    rows = connection.execute(
        "select relname, pg_read_binary_file(pg_relation_filepath(oid::regclass)) from pg_class "
        "where relkind in ('r', 'i', 't') and pg_relation_filepath(oid::regclass) is not null "
        "and not relisshared"
    ).fetchall()
    return [name for name, content in rows if user.to_bytes(8, "little") in content]


def test_rows_metrics_and_bytes_of_the_user_are_gone_and_no_others(postgres):
    with ready_connection(postgres) as connection:
        connection.autocommit = True
        load_rows(connection, LoadedBatch("w", 0), [rows_of(actions(0, 60))])
        connection.execute("analyze")
        assert {"raw_events", "minute_users"} <= set(size_with(connection, ANN))
        hers = sum(each["user_id"] == ANN for each in actions(0, 60))

        done = erase_postgres(postgres, ANN)

        erased = done.rows
        assert (done.not_rewritten, erased["raw_events"], erased["staging_events"]) == ((), hers, 0)
        assert erased["minute_users"] > erased["daily_users"] > 0
        assert check_metrics_are_a_recount(connection).height == 60 - hers
        assert size_with(connection, ANN) == []
        load_rows(connection, LoadedBatch("w", 1), [rows_of(action(n) for n in range(70))])
        assert check_metrics_are_a_recount(connection).height == 70
        assert not any(erase_postgres(postgres, ANN).rows.values())


def test_who_is_not_there_is_erased_from_nothing(postgres):
    with ready_connection(postgres) as connection:
        load_rows(connection, LoadedBatch("w", 0), [rows_of(action(n) for n in range(9))])

        assert not any(erase_postgres(postgres, ANN).rows.values())
        assert check_metrics_are_a_recount(connection).height == 9


def test_a_batch_that_was_staged_before_does_not_bring_the_user_back(postgres, tmp_path):
    store = FolderStore(tmp_path)
    with ready_connection(postgres) as connection:
        connection.autocommit = True
        with connection.transaction():
            count = stage(connection, "run", [rows_of(actions(0, 20))])
        SuppressionList(store, KEY).add(ANN, "Ada")

        with connection.transaction():
            loaded = commit(
                connection, {"run": count}, LoadedBatch("w", 0, "stream"), LATENESS,
                SuppressionList(store, KEY),
            )  # fmt: skip

        left = [each for each in actions(0, 20) if each["user_id"] != ANN]
        assert loaded.events == loaded.inserted == len(left)
        assert check_metrics_are_a_recount(connection).height == len(left)


def test_erasing_waits_for_its_turn(postgres):
    with ready_connection(postgres) as connection, ready_connection(postgres) as other:
        load_rows(connection, LoadedBatch("w", 0), [rows_of(actions(0, 8))])
        other.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        impatient = f"{postgres.url}&options=-c%20statement_timeout%3D200"

        with pytest.raises(Exception, match="does not do it: canceling statement"):
            erase_postgres(type(postgres)(impatient), ANN)

        other.rollback()
        assert erase_postgres(postgres, ANN).rows["raw_events"]


def test_who_does_not_own_the_tables_is_told_which_keep_deleted_rows(postgres):
    with ready_connection(postgres) as connection:
        connection.autocommit = True
        load_rows(connection, LoadedBatch("w", 0), [rows_of(actions(0, 8))])
        role = f"{connection.info.dbname}_writer"
        connection.execute(f"create role {role}")
        try:
            connection.execute(
                f"grant select, insert, update, delete on all tables in schema public to {role}"
            )
            writer = type(postgres)(f"{postgres.url}&options=-c%20role%3D{role}")

            done = erase_postgres(writer, ANN)
        finally:
            connection.execute(f"drop owned by {role}")
            connection.execute(f"drop role {role}")

    assert done.rows["raw_events"]
    assert done.not_rewritten == (
        "raw_events", "staging_events", "minute_users", "daily_users", "pg_statistic"
    )  # fmt: skip

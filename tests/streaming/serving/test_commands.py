"""The operator's commands on the serving database, and its address, which is a secret."""

import pickle
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry

from contracts.errors import ConfigurationError, UnavailableError
from contracts.postgres import PostgresUrl
from contracts.serving import SCHEMA_REVISION, SQL_TYPES, TABLES
from streaming.__main__ import main
from streaming.serving.follower_state import ServingMetrics
from streaming.serving.load import LoadedBatch, load_rows
from streaming.serving.migrate import migrate, ready_connection, schema_revision

from .actions import action, check_metrics_are_a_recount, rows_of

DOCS = Path(__file__).parents[3] / "docs"
SECRET = "not-to-be-told"  # pragma: allowlist secret


def run(command, url=""):
    return CliRunner().invoke(main, [command], env={"POSTGRES_URL": url})


@pytest.mark.integration
def test_the_migrations_make_what_the_contract_declares(postgres):
    with ready_connection(postgres) as connection:
        for table in TABLES:
            columns = connection.execute(
                "select column_name, data_type, is_nullable from information_schema.columns "
                "where table_name = %s order by ordinal_position",
                [table.name],
            ).fetchall()
            assert columns == [
                (each.name, SQL_TYPES[each.type], "YES" if each.nullable else "NO")
                for each in table.columns
            ]
            key = connection.execute(
                "select array_agg(attname::text order by array_position(indkey::int2[], attnum)) "
                "from pg_index join pg_attribute on attrelid = indrelid and attnum = any(indkey) "
                "where indrelid = %s::regclass and indisprimary",
                [table.name],
            ).fetchone()[0]
            assert tuple(key or ()) == table.key
        assert schema_revision(connection) == SCHEMA_REVISION


@pytest.mark.integration
def test_migrating_twice_changes_nothing(postgres):
    first = run("migrate", postgres.url)
    migrate(postgres)
    again = run("migrate", postgres.url)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert again.output == f"{postgres.shown} is up to date\n"


@pytest.mark.integration
def test_after_rows_were_removed_the_metrics_are_counted_anew(postgres):
    with ready_connection(postgres) as connection:
        load_rows(connection, LoadedBatch("w", 0), [rows_of(action(n) for n in range(60))])
        connection.execute("delete from raw_events where user_id = 3")
        connection.commit()
        answer = run("recount", postgres.url)

        assert answer.output == f"51 events counted in {postgres.shown}\n"
        assert check_metrics_are_a_recount(connection).height == 51
        load_rows(connection, LoadedBatch("w", 1), [rows_of(action(n) for n in range(70))])
        assert check_metrics_are_a_recount(connection).height == 70


def test_every_metric_of_serving_is_documented():
    registry = CollectorRegistry()
    ServingMetrics(registry)
    page = (DOCS / "serving.md").read_text()

    names = {each.name for each in registry.collect()}
    assert {name for name in names if name not in page} == set()


@pytest.mark.parametrize("command", ["migrate", "recount"])
def test_no_database_is_one_clear_line(command):
    answer = run(command)

    assert answer.exit_code == 1
    assert answer.output == f"{command}: POSTGRES_URL names no database: set it to postgresql://…\n"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"postgres//me:{SECRET}@host/db", id="no scheme"),
        pytest.param(f"postgresql://me:{SECRET}@[host/db", id="broken host"),
        pytest.param(f"postgresql://me:{SECRET}@host/db?nonsense=1", id="unknown option"),
        pytest.param(f"password={SECRET} nonsense", id="no pairs"),
    ],
)
def test_an_address_that_is_none_is_refused_without_telling_it(url):
    answer = run("migrate", url)

    assert answer.exit_code == 1
    assert answer.output.startswith("migrate: POSTGRES_URL cannot be read")
    assert SECRET not in answer.output + repr(answer.exception)
    with pytest.raises(ConfigurationError) as told:
        PostgresUrl.read({"POSTGRES_URL": url})
    assert told.value.__cause__ is None


def test_a_server_that_is_away_is_one_clear_line_without_the_password():
    answer = run("migrate", f"postgresql://me:{SECRET}@127.0.0.1:1/music")

    assert answer.exit_code == 1
    assert answer.output.startswith("migrate: Postgres at 127.0.0.1:1/music")
    assert SECRET not in answer.output
    assert len(answer.output.splitlines()) == 1


def test_an_address_is_never_shown_and_travels_to_workers():
    url = PostgresUrl(f"postgresql://me:{SECRET}@host:5433/music")

    assert SECRET not in repr(url) + str(url) + url.shown
    assert pickle.loads(pickle.dumps(url)) == url
    with pytest.raises(UnavailableError):
        PostgresUrl("postgresql://127.0.0.1:1/x").connect(patience=2)

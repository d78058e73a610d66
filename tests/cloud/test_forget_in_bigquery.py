"""Forgotten users in BigQuery: loads leave them out, a purge deletes them; nobody is named."""

import json

import pytest

from contracts.events import EVENTS, LISTEN_EVENTS
from contracts.lake import HOUR
from contracts.suppression import (
    SuppressionKey,
    SuppressionList,
    Suppressions,
    read_suppressions,
)
from musicflow_dagster.forgetting import steps
from musicflow_dagster.forgetting.due import DueHours, ranges_with_gaps
from musicflow_dagster.forgetting.report import ErasureReport
from musicflow_dagster.forgetting.steps import Forgetting
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.bigquery import erasing
from streaming.erase.event_erasure import EventErasure
from streaming.erase.finding import User
from streaming.erase.user import erase_user
from streaming.lake_record import claim
from streaming.settings import LandingSettings
from tests.builders import FIRST_HOUR, hour_of_listens, listen
from tests.cloud.test_bigquery_loads import Bench, bench, hours, place

__all__ = ["bench", "place"]  # fixtures
pytestmark = [pytest.mark.cloud, pytest.mark.integration]

USER = 7_316_540_982_614_735
KEY = SuppressionKey("the key of these tests")


def listens_of_user(hour: int):
    return [listen(hour, 100 + number, user_id=USER) for number in range(3)]


def forgotten(bench: Bench) -> Suppressions:
    """Put the user on the list of the bench's lake."""
    listed = SuppressionList(bench.lake.store, KEY)
    listed.add(USER, "a test")
    return listed.read()


def load(bench: Bench, suppressed: Suppressions):
    bench.index.refresh()
    return load_hours(bench.warehouse, bench.index, LISTEN_EVENTS, hours(0, 3), suppressed)


def numbers(bench: Bench, hour: int) -> tuple[int, int, int]:
    account = bench.accounts()["listen_events", FIRST_HOUR + hour * HOUR]
    return account.landed, account.raw_rows, account.erased


def said(bench: Bench) -> str:
    """All that BigQuery keeps of its jobs: statements, parameters, names."""
    jobs = bench.jobs.client.list_jobs(all_users=True, max_results=1000)
    return json.dumps([each.to_api_repr() for each in jobs], default=str)


def test_a_load_leaves_forgotten_users_out_whether_or_not_files_were_written_anew(bench):
    bench.lake.land("listen_events", [*hour_of_listens(0, 2), *listens_of_user(0)])
    bench.lake.land("listen_events", [listens_of_user(0)[0], listen(0, 0)])
    bench.lake.land("listen_events", listens_of_user(1))
    suppressed = forgotten(bench)
    before = load(bench, suppressed)

    assert before.refused == {}
    assert [numbers(bench, hour) for hour in (0, 1)] == [(7, 2, 4), (3, 0, 3)]

    [entry_hash] = suppressed.hashes
    user = User(USER, entry_hash, 1)
    EventErasure(bench.lake.store, LISTEN_EVENTS, user, suppressed, 262_144).erase()
    bench.lake.land("listen_events", [listens_of_user(2)[0], listen(2, 5)])
    after = load(bench, suppressed)

    assert after.refused == {}
    assert [numbers(bench, hour) for hour in (0, 1, 2)] == [(7, 2, 4), (3, 0, 3), (2, 1, 1)]
    assert {user for (user,) in bench.rows("user_id")} == {42}
    assert bench.loading_tables() == []
    assert str(USER) not in said(bench)


def test_a_purge_deletes_accounts_and_reopens_and_can_be_cut_short(bench, monkeypatch):
    bench.lake.land("listen_events", [*hour_of_listens(0, 2), *listens_of_user(0)])
    bench.lake.land("listen_events", [*hour_of_listens(1, 4)])
    load(bench, Suppressions())
    for event in EVENTS:
        load_hours(bench.warehouse, bench.index, event, hours(0, 2))
    suppressed = forgotten(bench)

    whole = bench.jobs.run

    def cut(statement: str, doing: str, **parameters):
        if statement.startswith("delete from") and "purge" in doing and "built" not in doing:
            raise KeyboardInterrupt
        whole(statement, doing, **parameters)

    with monkeypatch.context() as patched:
        patched.setattr(type(bench.jobs), "run", lambda _, *a, **more: cut(*a, **more))
        with pytest.raises(KeyboardInterrupt):
            bench.warehouse.purge(suppressed)
    purged = bench.warehouse.purge(suppressed)

    assert purged == {("listen_events", FIRST_HOUR): 3}
    assert [numbers(bench, hour) for hour in (0, 1)] == [(5, 2, 3), (4, 4, 0)]
    assert bench.warehouse.purge(suppressed) == {}
    assert FIRST_HOUR in bench.warehouse.unbuilt_hours()
    assert {user for (user,) in bench.rows("user_id")} == {42}
    assert bench.loading_tables() == []
    assert str(USER) not in said(bench)


def test_rows_of_a_pseudonym_are_counted_without_naming_it(bench):
    table = bench.jobs.place.sql("marts", "fct_streams")
    bench.jobs.run(f"create table {table} (user_key string)", "a table of facts")
    bench.jobs.run(f"insert into {table} values ('abc'), ('abc'), ('d')", "a fact")

    assert bench.warehouse.rows_of_user("abc") == {"marts.fct_streams": 2}
    assert bench.warehouse.rows_of_user("e") == {}
    with erasing.values_apart(bench.jobs, "user_key", "STRING", ["abc"]) as apart:
        assert bench.jobs.rows(f"select user_key from {apart}", "look") == [("abc",)]


def test_an_erasure_goes_from_the_lake_to_the_tables_of_bigquery(
    bench, place, gs_lake, tmp_path, monkeypatch
):
    bench.lake.store.delete("_lake.json")
    claim(bench.lake.store)
    bench.lake.land("listen_events", [*hour_of_listens(0, 2), *listens_of_user(0)])
    bench.lake.land("listen_events", [*hour_of_listens(1, 4)])
    monkeypatch.setenv("MUSICFLOW_SUPPRESSION_KEY", "the key of these tests")
    ours = {"target": "gcp", "dataset_prefix": place.prefix, "lake": gs_lake}
    settings = Settings(home=tmp_path / "home", start=FIRST_HOUR, **ours)

    def build(*ranges: HourRange) -> None:
        bench.index.refresh()
        listed = read_suppressions(bench.lake.store, settings.suppression)
        for event in EVENTS:
            for each in ranges:
                load_hours(bench.warehouse, bench.index, event, each, listed)
        built, accounts = (place.sql("reconciliation", n) for n in ("built_hours", "raw_hours"))
        bench.jobs.run(f"delete from {built} where true", "built")
        bench.jobs.run(
            f"insert into {built} select event, hour, manifests from {accounts}", "built"
        )

    def build_due(_: Forgetting, due: DueHours, report: ErasureReport) -> None:
        report.rebuilt.extend(map(str, ranges_with_gaps(due.from_lake, 24)))
        build(*ranges_with_gaps(due.from_lake, 24))

    def erase(*_):
        landing = LandingSettings.read(home=settings.home, lake_folder=gs_lake)
        return erase_user(landing, EVENTS, USER, "a test").as_json()

    build(hours(0, 2))
    monkeypatch.setattr(Forgetting, "_build", build_due)
    monkeypatch.setattr(steps, "streaming", erase)
    report = Forgetting(settings, USER).run()

    assert report.raw == {"listen_events": {"2026-01-01-00:00": 3}}
    assert report.rebuilt == ["2026-01-01-00:00"]
    assert report.warehouse_bytes is None
    assert {each.where for each in report.remains} >= {"landing", "BigQuery", "Kafka"}
    assert [numbers(bench, hour) for hour in (0, 1)] == [(5, 2, 3), (4, 4, 0)]
    assert {user for (user,) in bench.rows("user_id")} == {42}
    assert str(USER) not in said(bench)

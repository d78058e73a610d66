"""`musicflow forget` where publishing fails: it is not finished while readers see the user."""

import errno
from contextlib import contextmanager
from types import SimpleNamespace

import duckdb
import pytest

from contracts.errors import MusicFlowError, UnavailableError
from contracts.lake import HOUR
from contracts.store import FolderStore
from musicflow_dagster.assets.run_hours import REFUSED_TAG
from musicflow_dagster.commands.running import Outcome
from musicflow_dagster.forgetting import building, steps
from musicflow_dagster.forgetting.readers import published_hours, published_tables
from musicflow_dagster.forgetting.report import ErasureReport, read_report
from musicflow_dagster.forgetting.steps import Forgetting
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.facts import FACTS
from streaming.retention import expire_event
from tests.builders import FIRST_HOUR
from tests.musicflow_dagster import small_platform
from tests.musicflow_dagster.forgetting import USER, number_forms, places_of
from tests.musicflow_dagster.small_platform import TOPIC, Platform


class Runs:
    """Stands in for Dagster's runs: these load, account for the hours and publish, without dbt."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.tags = platform, {}
        self.begun: list[str] = []
        self.instance = SimpleNamespace(get_run_by_id=lambda _: SimpleNamespace(tags=self.tags))

    def run(self, _job, hours, _tags, assets=None) -> Outcome:
        self.begun.append("models" if assets else "lake")
        try:
            if assets:
                self.platform.build_models(hours)
            elif not self.tags:
                self.platform.build(hours)
        except OSError:
            return Outcome(hours, "a run", succeeded=False, seconds=0)
        return Outcome(hours, "a run", succeeded=bool(assets or not self.tags), seconds=0)


def facts_with_pseudonyms(connection: duckdb.DuckDBPyConnection) -> None:
    """Views in the place of dbt's facts; the pseudonym is the id, which a byte search can find."""
    connection.execute("create schema if not exists marts")
    for fact in FACTS:
        connection.execute(
            f"create or replace view marts.{fact.name} as select occurred_at as "
            f"{fact.time_column}, user_id::varchar as user_key from raw.{fact.event.name}"
        )


@pytest.fixture
def platform(settings, lake, monkeypatch) -> Platform:
    """A platform whose published facts have pseudonyms."""
    monkeypatch.setattr(small_platform, "stand_in", facts_with_pseudonyms)
    monkeypatch.setattr(Forgetting, "_user_key", lambda _: str(USER))
    small = Platform(settings, lake)
    small.fill()
    monkeypatch.setattr(steps, "streaming", lambda *_: small.erase().as_json())
    return small


@pytest.fixture
def runs(platform, monkeypatch) -> Runs:
    """What builds hours again."""

    @contextmanager
    def opened(_):
        yield stand_in

    stand_in = Runs(platform)
    job = SimpleNamespace(resolve_job_def=lambda _: None)
    monkeypatch.setattr(building, "build_definitions", lambda _: job)
    monkeypatch.setattr(building, "_assets", lambda _: [SimpleNamespace(path=["marts"])])
    monkeypatch.setattr(building, "opened_runner", opened)
    return stand_in


def report_of(settings) -> ErasureReport:
    [path] = settings.erasures.glob("*.json")
    return read_report(path)


def is_forgotten(settings) -> bool:
    return places_of(settings.home, *number_forms(USER)) == []


def disk_full(*_) -> None:
    raise OSError(errno.ENOSPC, "No space left")


def killed(*_) -> None:
    raise KeyboardInterrupt


CUTS = [
    pytest.param(disk_full, 0, id="the lake has the hours"),
    pytest.param(disk_full, 48, id="the hours have expired"),
    pytest.param(killed, 1, id="an hour has expired, and it is killed"),
]


@pytest.mark.parametrize(("cut", "expired"), CUTS)
@pytest.mark.usefixtures("runs")
def test_what_was_not_published_is_built_again(platform, settings, monkeypatch, cut, expired):
    expire_event(FolderStore(platform.lake.root), TOPIC, FIRST_HOUR + expired * HOUR)
    with monkeypatch.context() as patched:
        patched.setattr(Publisher, "_point_to", cut)
        for _ in range(2):
            with pytest.raises((MusicFlowError, KeyboardInterrupt)):
                Forgetting(settings, USER).run()
    seen = published_hours(settings.snapshot, str(USER))
    unfinished = report_of(settings)
    Forgetting(settings, USER).run()

    assert seen == [FIRST_HOUR, FIRST_HOUR + HOUR]
    assert unfinished.finished_at is None
    assert report_of(settings).finished_at
    assert is_forgotten(settings)


def test_a_run_from_the_lake_that_fails_and_refuses_nothing_ends_it(settings, runs, monkeypatch):
    monkeypatch.setattr(Publisher, "_point_to", disk_full)

    with pytest.raises(MusicFlowError, match="builds failed for"):
        Forgetting(settings, USER).run()
    assert runs.begun == ["lake"]


def test_hours_that_a_load_refuses_are_published_from_raw_by_a_second_try_too(
    settings, runs, monkeypatch
):
    runs.tags = {REFUSED_TAG: "yes"}
    with monkeypatch.context() as patched:
        patched.setattr(Publisher, "_point_to", disk_full)
        with pytest.raises(MusicFlowError, match="builds failed for"):
            Forgetting(settings, USER).run()
    Forgetting(settings, USER).run()

    assert published_tables(settings.snapshot, str(USER)) == []


@pytest.mark.usefixtures("runs")
def test_it_is_not_finished_while_readers_see_the_user(platform, settings, monkeypatch):
    size = settings.warehouse.stat().st_size
    with monkeypatch.context() as patched:
        patched.setattr(Publisher, "publish", lambda *_: None)
        with pytest.raises(MusicFlowError, match="readers still see rows of the user in marts"):
            Forgetting(settings, USER).run()

    assert report_of(settings).finished_at is None
    assert report_of(settings).warehouse_bytes is None
    assert settings.warehouse.stat().st_size >= size
    assert platform.users() == {42}


@pytest.mark.usefixtures("runs")
def test_a_snapshot_whose_warehouse_is_gone_is_told_of(platform, settings):
    settings.warehouse.unlink()

    with pytest.raises(UnavailableError, match="make one with `musicflow build`, or remove the"):
        Forgetting(settings, USER).run()
    unfinished = report_of(settings)
    platform.build()
    Forgetting(settings, USER).run()

    assert unfinished.finished_at is None
    assert sum(unfinished.lake[TOPIC].hours.values()) == 8
    assert report_of(settings).finished_at
    assert is_forgotten(settings)

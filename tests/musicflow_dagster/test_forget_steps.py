"""`musicflow forget` cut short after any of its steps, and as people call it. Without dbt."""

import json
import shutil

import pytest
from click.testing import CliRunner

from contracts.errors import ConfigurationError, UnavailableError
from contracts.events import AUTH_EVENTS
from contracts.lake import HOUR
from contracts.publication import current
from contracts.store import FolderStore
from contracts.suppression import SuppressionList, read_suppressions
from musicflow_dagster.commands.forget import forget
from musicflow_dagster.doctor.data import erasures
from musicflow_dagster.forgetting import steps
from musicflow_dagster.forgetting.due import DueHours, ranges_with_gaps
from musicflow_dagster.forgetting.steps import Forgetting
from musicflow_dagster.hours import HourRange
from musicflow_dagster.reconciliation import reconcile
from musicflow_dagster.warehouse.duckdb import erasing
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from musicflow_dagster.warehouse.lock import WriterLock
from streaming.retention import expire_event
from tests.builders import FIRST_HOUR, row
from tests.musicflow_dagster.forgetting import THEIR_OWN, USER, number_forms, places_of
from tests.musicflow_dagster.small_platform import HOURS, TOPIC, Platform

THEIRS = (*number_forms(USER), *(text.encode() for text in THEIR_OWN.values()))


@pytest.fixture
def platform(settings, lake, monkeypatch) -> Platform:
    """A platform whose hours are built without dbt, and whose lake is erased in this process."""
    small = Platform(settings, lake)
    small.fill()

    def build(self: Forgetting, due: DueHours, report) -> None:
        for hours in ranges_with_gaps(due.from_lake, 24):
            small.build(hours)
            report.rebuilt.append(str(hours))
        for hours in ranges_with_gaps(due.models_only, 24):
            small.build_models(hours)
            report.rebuilt.append(str(hours))
        self._keep(report)

    monkeypatch.setattr(Forgetting, "_build", build)
    monkeypatch.setattr(steps, "streaming", lambda *_: small.erase().as_json())
    for name in ("MUSICFLOW_HOME", "MUSICFLOW_START"):
        monkeypatch.setenv(name, {"MUSICFLOW_HOME": str(settings.home)}.get(name, "2026-01-01"))
    return small


def run(*arguments: str, told: str = ""):
    return CliRunner().invoke(forget, list(arguments), input=told)


def is_forgotten(settings) -> bool:
    return places_of(settings.home, *THEIRS) == [] and reconcile(settings).holds


CUTS = [
    pytest.param((steps, "streaming", True), id="when the lake is erased"),
    pytest.param((DuckDBWarehouse, "purge", False), id="before raw is purged"),
    pytest.param((DuckDBWarehouse, "purge", True), id="when raw is purged"),
    pytest.param((steps, "due_hours", True), id="before hours are built"),
    pytest.param((Forgetting, "_build", True), id="when hours are built"),
    pytest.param((erasing, "_sync", False), id="before the new file takes its place"),
    pytest.param((steps, "rewrite", True), id="when the file is written anew"),
    pytest.param((steps, "keep_current_only", True), id="when older publications are removed"),
]


@pytest.mark.parametrize("cut_at", CUTS)
def test_an_erasure_that_was_cut_short_is_finished_by_another(
    platform, settings, monkeypatch, cut_at
):
    owner, name, does = cut_at
    whole = getattr(owner, name)

    def cut(*arguments, **more):
        if does:
            whole(*arguments, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, cut)
        with pytest.raises(KeyboardInterrupt):
            Forgetting(settings, USER).run()
    report = Forgetting(settings, USER).run()

    assert is_forgotten(settings)
    assert report.finished_at
    assert sum(report.lake[TOPIC].hours.values()) == 8


@pytest.mark.parametrize("hours", [1, 48], ids=["an hour", "all of them"])
def test_hours_that_have_expired_from_the_lake_are_purged_too(platform, settings, hours):
    expire_event(FolderStore(platform.lake.root), TOPIC, FIRST_HOUR + hours * HOUR)
    before = reconcile(settings).totals[TOPIC]

    report = Forgetting(settings, USER).run()
    after = reconcile(settings)

    assert is_forgotten(settings)
    assert report.raw[TOPIC]["2026-01-01-00:00"] == 3
    assert (after.totals[TOPIC].raw, after.totals[TOPIC].landed) == (before.raw - 7, before.landed)


def test_an_hour_that_has_expired_for_another_event_alone_is_accounted_for(platform, settings):
    platform.lake.land("auth_events", [row(AUTH_EVENTS, FIRST_HOUR, "a login")])
    platform.lake.catch_up(HOURS.end + HOUR)
    platform.build()
    expire_event(FolderStore(platform.lake.root), "auth_events", FIRST_HOUR + HOUR)

    report = Forgetting(settings, USER).run()

    assert is_forgotten(settings)
    assert report.rebuilt == ["2026-01-01-01:00", "2026-01-01-00:00"]


def test_hours_of_which_the_lake_has_lost_rows_are_built_from_raw(platform, settings):
    shutil.rmtree(platform.lake.root / "_batches")
    shutil.rmtree(platform.lake.root / TOPIC)
    shutil.rmtree(settings.index.parent)

    Forgetting(settings, USER).run()

    assert places_of(settings.home, *THEIRS) == []
    assert platform.users() == {42}


def test_the_doctor_tells_of_an_erasure_that_was_not_finished(platform, settings, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    assert list(erasures(settings)) == []
    with monkeypatch.context() as patched:
        patched.setattr(Forgetting, "_erase_warehouse", killed)
        with pytest.raises(KeyboardInterrupt):
            Forgetting(settings, USER).run()
    [begun] = erasures(settings)
    Forgetting(settings, USER).run()
    [finished] = erasures(settings)

    assert not begun.is_ok
    assert "1 were begun and not finished" in begun.what
    assert (finished.is_ok, finished.what) == (True, "1 users are forgotten")


def test_those_who_were_forgotten_under_a_lost_key_are_told_of(platform, settings):
    for user in (1, 2, 3):
        SuppressionList(platform.lake.store, settings.suppression).add(user, "a test")
    (settings.home / "suppression.key").unlink()
    with_new_key = SuppressionList(platform.lake.store, settings.suppression)
    with_new_key.add_with_new_key(USER, "a test", 3)

    report = Forgetting(settings, USER).run()

    assert report.remains[0].what.startswith("2 others, at least, who were forgotten under a key")
    assert "at least 2 users" in next(iter(erasures(settings))).what


def test_a_second_time_there_is_nothing_to_do(platform, settings):
    first = Forgetting(settings, USER).run()
    publish = current(settings.snapshot).number
    second = Forgetting(settings, USER).run()

    assert (second.raw, second.lake, second.rebuilt) == (first.raw, first.lake, first.rebuilt)
    assert current(settings.snapshot).number == publish


def test_the_command_reports_by_place_and_hour_and_names_nobody(platform, settings):
    done = run("--user", "-", "--yes", "--json", told=f"{USER}\n")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout.splitlines()[-1])  # here, logs stand before it

    assert report["lake"][TOPIC]["hours"] == {"2026-01-01-00:00": 4, "2026-01-01-01:00": 4}
    assert report["raw"][TOPIC] == {"2026-01-01-00:00": 3, "2026-01-01-01:00": 4}
    assert {each["where"] for each in report["remains"]} >= {"Kafka", "copies"}
    kept = (settings.erasures / f"{report['user_hash']}.json").read_text()
    assert json.loads(kept) == report
    assert str(USER) not in kept


def test_a_user_of_whom_nothing_is_found_is_kept_out_all_the_same(platform, settings):
    platform.erase = lambda: _erase(platform, 99)
    done = run("--user", "99", "--yes")

    assert "Nothing of this user was found. The user is kept out from now on." in done.output
    assert read_suppressions(platform.lake.store, settings.suppression).among([99]) == {99}


def _erase(platform: Platform, user: int):
    return platform.erase_user(user)


def test_who_answers_for_it_and_a_new_key_are_passed_on(platform, settings, monkeypatch):
    asked = []

    def streaming(_, arguments, told):
        asked.append((arguments, told))
        return platform.erase().as_json()

    monkeypatch.setattr(steps, "streaming", streaming)
    run("--user", str(USER), "--yes", "--by", "Ada", "--new-key")

    assert asked == [(["erase", "--by", "Ada", "--new-key"], f"{USER}\n")]


def test_without_a_warehouse_the_lake_is_erased(platform, settings):
    shutil.rmtree(settings.warehouse.parent)
    shutil.rmtree(settings.snapshot)

    Forgetting(settings, USER).run()

    assert places_of(settings.home, *THEIRS) == []
    assert not settings.warehouse.exists()


def test_who_says_no_erases_nothing(platform, settings):
    done = run("--user", str(USER), told="n\n")

    assert done.exit_code == 1
    assert "It can't be undone" in done.output
    assert not read_suppressions(platform.lake.store, settings.suppression)


@pytest.mark.parametrize(
    "user",
    [
        pytest.param("Ada", id="a name"),
        pytest.param("4_2", id="what Python takes for a number"),
        pytest.param("٤٢", id="digits of another script"),
        pytest.param("4 2", id="two numbers"),
        pytest.param(str(2**63), id="beyond all ids"),
    ],
)
def test_what_is_no_id_is_refused_and_not_repeated(settings, monkeypatch, user):
    monkeypatch.setenv("MUSICFLOW_HOME", str(settings.home))
    done = run("--user", user, "--yes")

    assert isinstance(done.exception, ConfigurationError)
    assert "takes the id of a user, a whole number" in str(done.exception)
    assert user not in str(done.exception)


def test_without_a_lake_there_is_nobody_to_forget(platform):
    shutil.rmtree(platform.lake.root)

    assert "there is no lake at" in str(run("--user", "7", "--yes").exception)


def test_a_run_that_writes_is_waited_for(platform, settings, monkeypatch):
    monkeypatch.setattr(steps, "PATIENCE_SECONDS", 0)
    run_of_another = WriterLock(settings.warehouse)
    run_of_another.acquire()

    with pytest.raises(UnavailableError, match="another run has been writing"):
        Forgetting(settings, USER).run()

    run_of_another.release()
    Forgetting(settings, USER).run()
    assert is_forgotten(settings)


def test_a_disk_without_room_for_a_second_file_is_told_and_nothing_is_lost(
    platform, settings, monkeypatch
):
    usage = shutil.disk_usage(settings.home)._replace(free=10)
    with monkeypatch.context() as patched:
        patched.setattr(erasing.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(UnavailableError, match="make room, and run this again"):
            Forgetting(settings, USER).run()

    assert reconcile(settings).holds
    Forgetting(settings, USER).run()
    assert is_forgotten(settings)


def test_hours_are_joined_with_few_between_them():
    hours = [FIRST_HOUR + n * HOUR for n in (0, 5, 29, 60, 61)]

    assert [*ranges_with_gaps(hours, 168)] == [
        HourRange(hours[0], hours[2] + HOUR),
        HourRange(hours[3], hours[4] + HOUR),
    ]
    assert all(len(each) <= 20 for each in ranges_with_gaps(hours, 20))
    assert HOURS.start == FIRST_HOUR

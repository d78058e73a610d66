"""What the lake's records tell readers, in the columns that the dictionary describes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from contracts import records
from contracts.errors import LakeError
from contracts.events import EVENTS
from contracts.health import Alert, StreamHealth, write_health
from contracts.progress import Progress, write_progress
from contracts.report import ArrivedDay, JudgedDay, Report, Run, write_report
from dashboard.data import landing
from dashboard.filters import Filters
from tests.builders import LakeBuilder

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = date(2026, 1, 1)
TOPIC = "listen_events"


@pytest.fixture
def store(tmp_path):
    store = LakeBuilder(tmp_path / "lake").store
    progress = Progress(TOPIC, NOW, {0: 10, 1: 20}, {0: 10, 1: 25}, 3, "w", NOW)
    write_progress(store, progress)
    return store


def health(**changed) -> StreamHealth:
    facts = {
        "event": TOPIC,
        "state": "running",
        "updated_at": NOW,
        "next_by": NOW + timedelta(minutes=5),
        "newest_event_at": NOW,
    }
    return StreamHealth(**facts | changed)


def test_where_nothing_has_landed_it_is_said(tmp_path):
    store = LakeBuilder(tmp_path / "other").store
    store.delete("_lake.json")

    with pytest.raises(LakeError, match="nothing has landed there yet"):
        landing.read_landing(store)


def test_a_topic_is_told_with_its_offsets_over_all_partitions(store):
    write_health(store, health())
    topics = landing.topics(landing.read_landing(store), NOW).to_dicts()

    [told] = [each for each in topics if each["topic"] == TOPIC]
    assert told["landing"] == "running"
    assert (told["partitions"], told["end_offset"], told["landed_offset"]) == (2, 35, 30)
    assert (told["lag"], told["caught_up_until"], told["newest_event_at"]) == (5, NOW, NOW)


def test_partitions_are_told_one_by_one(store):
    told = landing.partitions(landing.read_landing(store))

    assert [row for row in told.rows() if row[0] == TOPIC] == [
        (TOPIC, 0, 10, 10, 0),
        (TOPIC, 1, 25, 20, 5),
    ]


@pytest.mark.parametrize(
    ("told", "state"),
    [
        pytest.param(health(), "running", id="heard of in time"),
        pytest.param(health(next_by=NOW - timedelta(seconds=1)), "silent", id="overdue"),
        pytest.param(health(state="stopped", next_by=NOW - timedelta(1)), "stopped", id="stopped"),
        pytest.param(health(state="failed"), "failed", id="failed"),
        pytest.param(None, "unknown", id="never heard of"),
    ],
)
def test_how_landing_is_doing_in_a_word(told, state):
    assert landing.state_of(told, NOW) == state


def test_what_landing_warns_of_is_told(store):
    write_health(store, health(alerts=(Alert("stalled", NOW, "no batch for 10 minutes"),)))

    told = landing.alerts(landing.read_landing(store))
    assert told == [f"{TOPIC}: no batch for 10 minutes"]


REPORT = Report(
    NOW,
    judged=(
        JudgedDay(TOPIC, DAY, 90, 10, {"oversized": 4, "wrong_type": 6}),
        JudgedDay("auth_events", DAY, 100, 0),
    ),
    arrived=(
        ArrivedDay(TOPIC, DAY, 100, 3),
        ArrivedDay(TOPIC, DAY + timedelta(days=1), 50, 50),
        ArrivedDay("auth_events", DAY, 0, 0),
    ),
    runs=(
        Run("a1", "hourly", "failed", "2026-01-01-00:00", NOW, NOW + timedelta(seconds=5), "x: y"),
        Run("b2", "hourly", "running", "", NOW, None),
    ),
)


def test_rejects_are_told_by_day_topic_and_reason():
    assert landing.rejects(REPORT.judged).rows() == [
        (DAY, TOPIC, "oversized", 4),
        (DAY, TOPIC, "wrong_type", 6),
    ]
    assert landing.reject_share(REPORT.judged) == 10 / 200
    assert landing.reject_share([]) is None


def test_late_rows_are_told_of_the_days_chosen():
    late = landing.late(REPORT.arrived, Filters(DAY, DAY))

    assert late.rows() == [(DAY, TOPIC, 100, 3, 0.03), (DAY, "auth_events", 0, 0, None)]
    assert landing.late_share(late) == 0.03
    assert landing.late_share(late.clear()) is None


def test_runs_are_told_with_how_long_they_took():
    runs = landing.runs(REPORT)

    assert runs["took_seconds"].to_list() == [5, None]
    assert runs["why"].to_list() == ["x: y", ""]


def test_the_report_is_read_with_the_other_records(store):
    write_report(store, REPORT)

    assert landing.read_landing(store).report == REPORT


def test_what_is_shown_has_the_columns_that_are_described(store):
    known = landing.read_landing(store)
    shown = {
        "topics": landing.topics(known, NOW),
        "partitions": landing.partitions(known),
        "rejects": landing.rejects(()),
        "late_rows": landing.late((), Filters(DAY, DAY)),
        "runs": landing.runs(Report(NOW)),
    }

    assert {name: frame.columns for name, frame in shown.items()} == {
        table.name: [each.name for each in table.columns] for table in records.TABLES
    }
    assert len(known.progress) <= len(EVENTS)

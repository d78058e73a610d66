"""The monitor and what it serves: metrics, health, and the record in the lake."""

import json
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from contracts.errors import UnavailableError
from contracts.health import read_health
from contracts.manifests import DataFile, Manifest, Measures, PartitionRange
from streaming.health import served
from streaming.monitor import Monitor
from streaming.progress import Lag
from streaming.settings import LandingSettings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOPIC = "listen_events"
DEADLINE = 30.0
BATCH = Manifest(
    event=TOPIC, seq=3, kind="stream", writer="w", batch=0, batch_at=NOON,
    committed_at=NOON + timedelta(seconds=9), contract_version=1,
    offsets=(
        PartitionRange(TOPIC, 0, 0, 130, 100, 20, 10), PartitionRange(TOPIC, 1, 0, 1, 1, 0, 0),
    ),
    accepted=101, rejected=20, rejected_by_reason={"missing_field": 15, "oversized": 5},
    files=(DataFile("a", "h", 101, 5000),), rejected_files=(DataFile("r", "h", 20, 700),),
    max_occurred_at=NOON, rows_with_unknown_fields=2, enrichment_unknown={"browser": 4},
    measures=Measures(
        bytes_in=9999, seconds={"plan": 0.5}, task_seconds={"judge": 3.0}, lag_messages=7,
        delay_p50_seconds=2, delay_p95_seconds=4,
    ),
)  # fmt: skip
SECONDS = {"plan": 0.5, "land": 2.0, "commit": 0.25, "clean": 0.25}


class Query:
    """A query as far as it is looked at."""

    topic = TOPIC

    def __init__(self) -> None:
        self.ends = {0: 130, 1: 1}
        self.behind = Lag()

    def lag(self) -> Lag:
        return self.behind


@pytest.fixture
def groups() -> list:
    return []


@pytest.fixture
def monitor_of(store, groups):
    def make(**options) -> Monitor:
        cluster = SimpleNamespace(commit_group=lambda *order: groups.append(order))
        settings = LandingSettings.read(trigger="1 second", **options)
        return Monitor(settings, store, cluster)

    return make


@pytest.fixture
def monitor(monitor_of) -> Monitor:
    return monitor_of()


@contextmanager
def address_of(monitor):
    settings = LandingSettings.read(metrics_port=0)
    with served(settings, monitor) as address:
        yield address


@contextmanager
def running(monitor, query):
    with monitor.watching([query]):
        monitor.sign_of_life()
        yield


def asked(address: str, path: str) -> tuple[int, str]:
    try:
        with urlopen(address + path, timeout=DEADLINE) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def metrics(address: str) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, without the topic's."""
    families = text_string_to_metric_families(asked(address, "/metrics")[1])
    return {
        (each.name.removeprefix("musicflow_landing_"),
         *(value for label, value in each.labels.items() if label != "topic")): each.value
        for family in families for each in family.samples
    }  # fmt: skip


def until(holds) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_prometheus_is_told_of_each_batch(monitor):
    with running(monitor, Query()), address_of(monitor) as address:
        monitor.committed(BATCH, SECONDS)
        monitor.committed(replace(BATCH, seq=4), SECONDS)
        known = metrics(address)

    assert known.items() >= {
        ("batches_total",): 2,
        ("messages_total", "accepted"): 202,
        ("messages_total", "rejected"): 40,
        ("messages_total", "not_data"): 20,
        ("rejects_total", "missing_field"): 30,
        ("unknown_field_rows_total",): 4,
        ("untold_rows_total", "browser"): 8,
        ("bytes_total", "received"): 2 * 9999,
        ("bytes_total", "accepted"): 10_000,
        ("bytes_total", "rejected"): 1400,
        ("phase_seconds_total", "land"): 4.0,
        ("task_seconds_total", "judge"): 6.0,
        ("last_batch_seconds",): 3.0,
        ("last_commit_timestamp_seconds",): BATCH.committed_at.timestamp(),
        ("newest_event_timestamp_seconds",): NOON.timestamp(),
        ("event_delay_seconds", "0.95"): 4,
    }.items()  # fmt: skip


def test_prometheus_is_told_of_lag_and_alerts(monitor):
    query = Query()
    query.behind = Lag(messages=12, seconds=3.5, caught_up_until=NOON)
    with running(monitor, query), address_of(monitor) as address:
        until(lambda: ("lag_messages",) in metrics(address))
        assert metrics(address).items() >= {
            ("lag_messages",): 12, ("lag_seconds",): 3.5,
            ("caught_up_timestamp_seconds",): NOON.timestamp(), ("alert", "many_rejects"): 0,
        }.items()  # fmt: skip

        monitor.committed(BATCH, SECONDS)
        until(lambda: metrics(address)["alert", "many_rejects"] == 1)


def test_it_is_alive_from_the_beginning_and_ready_after_the_first_batch(monitor):
    with address_of(monitor) as address:
        assert (asked(address, "/healthz")[0], asked(address, "/readyz")[0]) == (200, 503)
        with monitor.watching([Query()]):
            assert (asked(address, "/healthz")[0], asked(address, "/readyz")[0]) == (200, 503)
            monitor.sign_of_life()
            assert (asked(address, "/healthz")[0], asked(address, "/readyz")[0]) == (200, 503)
            monitor.committed(BATCH, SECONDS)
            until(lambda: asked(address, "/readyz")[0] == 200)
            monitor.wind_down()
            assert (asked(address, "/healthz")[0], asked(address, "/readyz")[0]) == (200, 503)


def test_it_is_ready_where_there_is_nothing_to_land(monitor):
    query = Query()
    with running(monitor, query), address_of(monitor) as address:
        query.behind = Lag(messages=0)
        until(lambda: asked(address, "/readyz")[0] == 200)


def test_once_ready_it_stays_so(monitor):
    query = Query()
    query.behind = Lag(messages=0)
    with running(monitor, query), address_of(monitor) as address:
        until(lambda: asked(address, "/readyz")[0] == 200)
        query.behind = Lag(messages=100)
        until(lambda: metrics(address)[("lag_messages",)] == 100)
        assert asked(address, "/readyz")[0] == 200


def test_it_is_dead_when_nobody_looks_after_the_queries(monitor, monkeypatch):
    monkeypatch.setattr("streaming.monitor.FROZEN_AFTER", 0.0)
    with running(monitor, Query()), address_of(monitor) as address:
        assert asked(address, "/healthz")[0] == 503


def test_a_report_says_how_each_topic_is(monitor):
    with running(monitor, Query()), address_of(monitor) as address:
        monitor.committed(BATCH, SECONDS)
        until(lambda: asked(address, "/readyz")[0] == 200)
        report = json.loads(asked(address, "/healthz")[1])

    assert report["phase"] == "running"
    assert report["topics"][TOPIC]["newest_event_at"] == NOON.isoformat()
    (alert,) = report["topics"][TOPIC]["alerts"]
    assert "16.5% of the last 121 messages were rejected" in alert


def test_an_unknown_page_is_not_there(monitor):
    with address_of(monitor) as address:
        assert asked(address, "/")[0] == 404


def test_a_port_that_is_taken_is_named(monitor):
    with address_of(monitor) as address:
        port = int(address.rpartition(":")[2])
        settings = LandingSettings.read(metrics_port=port)
        with (
            pytest.raises(UnavailableError, match="MUSICFLOW_METRICS_PORT"),
            served(settings, monitor),
        ):
            pass


def test_nothing_is_served_unless_asked_for(monitor):
    with served(LandingSettings.read(), monitor) as address:
        assert address is None


def test_the_lake_says_how_landing_is_doing_and_that_it_stopped(monitor, store):
    with running(monitor, Query()):
        monitor.committed(BATCH, SECONDS)
        until(lambda: (found := read_health(store, TOPIC)) and found.alerts)
        health = read_health(store, TOPIC)
    stopped = read_health(store, TOPIC)

    assert (health.state, health.last_seq, health.newest_event_at) == ("running", 3, NOON)
    assert [each.kind for each in health.alerts] == ["many_rejects"]
    assert stopped.state == "stopped"


def test_a_failure_is_on_record_and_posted(monitor_of, store, monkeypatch):
    posted = []
    monkeypatch.setenv("MUSICFLOW_ALERT_WEBHOOK", "http://h/hook")
    monkeypatch.setattr("contracts.webhook.Webhook.post", lambda _, text: posted.append(text))

    with pytest.raises(UnavailableError), monitor_of().watching([Query()]):
        raise UnavailableError("Kafka is away")

    assert read_health(store, TOPIC).state == "failed"
    assert posted == ["MusicFlow: landing has ended: Kafka is away (docs/runbook.md#failed)"]


def test_the_group_follows_the_lake(monitor, groups):
    query = Query()
    with running(monitor, query):
        until(lambda: groups)
        query.ends = {0: 200, 1: 5}

    assert groups == [
        ("musicflow-listen_events", TOPIC, {0: 130, 1: 1}),
        ("musicflow-listen_events", TOPIC, {0: 200, 1: 5}),
    ]


def test_a_lake_that_takes_no_record_does_not_end_landing(monitor, store, monkeypatch, capsys):
    def full(*_):
        raise UnavailableError("the disk is full")

    monkeypatch.setattr(type(store), "put", full)

    with running(monitor, Query()):
        pass

    assert "no health record" in "".join(capsys.readouterr())

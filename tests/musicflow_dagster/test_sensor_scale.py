"""A tick costs what is new, not what has landed before: at 10,000 manifests as at a few."""

import sqlite3
from pathlib import Path

import dagster as dg
import msgspec
import pytest

from contracts.events import EVENTS
from contracts.lake import HOUR, hour_key
from contracts.manifests import DataFile, Manifest, ManifestLog, Measures
from musicflow_dagster import lake_index
from musicflow_dagster.automation.sensors import Cursor, manifest_sensor
from musicflow_dagster.index_rows import insert
from musicflow_dagster.index_tables import NO_EXPIRY
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.lake_index import Settled
from tests.builders import FIRST_HOUR
from tests.contracts.test_manifests import manifest

PER_HOUR = 30
INSTRUCTIONS_AT_A_TIME = 100


def landed(event: str, seq: int) -> Manifest:
    """Batch `seq`, the only thing that stands of it in the lake being its manifest."""
    at = FIRST_HOUR + seq * HOUR / PER_HOUR
    hour = hour_key(FIRST_HOUR + seq // PER_HOUR * HOUR)
    return manifest(
        seq, event=event, batch_at=at, committed_at=at,
        offsets=(), accepted=10, rejected=1, rejected_by_reason={"wrong_type": 1},
        files=(DataFile(f"{event}/{seq}", hour, 10, 100),),
        rejected_files=(DataFile(f"rejected/{event}/{seq}", hour, 1, 10),),
        measures=Measures(100, {"land": 1.0}, {}, lag_seconds=0.0),
    )  # fmt: skip


class Work:
    """What the index did: statements, and steps of SQLite's machine in hundreds."""

    statements = 0
    steps = 0
    manifests = 0


@pytest.fixture
def work(monkeypatch):
    counted = Work()
    opened, read = lake_index._opened, ManifestLog.read

    def watched(path: Path) -> sqlite3.Connection:
        connection = opened(path)
        connection.set_trace_callback(count_statement)
        connection.set_progress_handler(count_steps, INSTRUCTIONS_AT_A_TIME)
        return connection

    def count_statement(_):
        counted.statements += 1

    def count_steps():
        counted.steps += 1

    def count_read(self, seq):
        counted.manifests += 1
        return read(self, seq)

    monkeypatch.setattr(lake_index, "_opened", watched)
    monkeypatch.setattr(ManifestLog, "read", count_read)
    return counted


def lived(settings, lake, count: int) -> str:
    """An index that knows so many manifests of each topic, all built; the sensor's cursor."""
    index = manifest_index(settings)
    index.refresh()
    each = count // len(EVENTS)
    with index._writing() as connection:
        for event in EVENTS:
            manifests = (landed(event.name, seq) for seq in range(1, each + 1))
            insert(connection, event.name, manifests, NO_EXPIRY)
    index.settle(Settled(FIRST_HOUR + each // PER_HOUR * HOUR, "w", 1, "rules"), index.refresh())
    lake.catch_up(FIRST_HOUR)
    cursor = Cursor(index.lake(), {event.name: each for event in EVENTS})
    return msgspec.json.encode(cursor).decode()


def work_of_a_tick(settings, lake, work, count: int) -> tuple[int, int, int]:
    """Statements, steps and manifests read by a tick that finds a new batch of each topic."""
    cursor = lived(settings, lake, count)
    for event in EVENTS:
        ManifestLog(lake.store, event.name).append(landed(event.name, count // len(EVENTS) + 1))
    work.statements = work.steps = work.manifests = 0
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        result = manifest_sensor(settings)(context)
    observed = [each for each in result.asset_events if isinstance(each, dg.AssetObservation)]
    assert len(observed) == len(EVENTS)
    return work.statements, work.steps, work.manifests


def test_a_tick_reads_only_new_manifests_and_asks_no_more_at_ten_thousand(
    settings, lake, work, tmp_path
):
    young = settings.model_copy(update={"home": tmp_path / "young"})
    few = work_of_a_tick(young, lake, work, 500)
    for path in (lake.root / "_batches").rglob("*.json"):
        path.unlink()
    many = work_of_a_tick(settings, lake, work, 10_000)

    assert many[2] == len(EVENTS)
    assert many[0] == few[0]
    assert many[1] < 1.5 * few[1] + 100

"""Other versions: older lakes are built, newer rows are read, newer forms are refused."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.events import CONTRACT_VERSION, EVENTS_BY_NAME
from contracts.lake import HOUR, LAKE_RECORD
from contracts.manifests import FORMAT
from musicflow_dagster.commands.reconcile import reconcile as reconcile_command
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.reconciliation import reconcile
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse
from tests.builders import hour_of_listens
from tests.musicflow_dagster.test_expired_lake import HOURS, load_and_publish

TOPIC = "listen_events"
DERIVED = [each.name for each in EVENTS_BY_NAME[TOPIC].derived]


@pytest.fixture
def landed(lake):
    """One batch of one hour."""
    lake.land(TOPIC, hour_of_listens(0, 3))
    lake.catch_up(HOURS.end + HOUR)
    return lake


def rewrite(lake, change) -> None:
    """Write the files again as another version would have."""
    for path in (lake.root / TOPIC).rglob("*.parquet"):
        pq.write_table(change(pq.read_table(path)), path)


def say(lake, **changes: object) -> None:
    """Have the manifest say something else."""
    [path] = (lake.root / "_batches" / TOPIC).glob("*.json")
    text = path.read_text()
    for name, value in changes.items():
        before = {"contract_version": CONTRACT_VERSION, "format": 1}[name]
        assert f'"{name}":{before}' in text
        text = text.replace(f'"{name}":{before}', f'"{name}":{value}')
    path.write_text(text)


def test_hours_of_an_older_contract_are_built_without_the_columns_that_it_lacks(settings, landed):
    rewrite(landed, lambda table: table.drop_columns(DERIVED))
    say(landed, contract_version=CONTRACT_VERSION - 1)

    assert load_and_publish(settings) == {}
    assert reconcile(settings).holds
    with open_warehouse(settings.warehouse) as connection:
        rows = connection.execute(f"select count(*), count({DERIVED[0]}) from raw.{TOPIC}")
        assert rows.fetchone() == (3, 0)


def test_hours_of_a_newer_contract_are_built_from_the_columns_that_are_known(settings, landed):
    rewrite(landed, lambda table: table.append_column("mood", pa.array(["calm"] * len(table))))
    say(landed, contract_version=CONTRACT_VERSION + 1)

    assert load_and_publish(settings) == {}
    assert reconcile(settings).holds


def test_a_manifest_of_a_newer_format_stops_this_station(settings, landed):
    say(landed, format=FORMAT + 1)

    with pytest.raises(MusicFlowError, match="upgrade this station"):
        manifest_index(settings).refresh()


def test_a_lake_of_a_newer_layout_is_left_alone(settings, landed):
    landed.store.put(LAKE_RECORD, b'{"lake_id": "x", "layout": 99}')

    with pytest.raises(ConfigurationError, match="layout 99, this version knows up to 1"):
        manifest_index(settings).refresh()


def test_it_is_one_line_on_the_command_line(settings, landed, monkeypatch):
    landed.store.put(LAKE_RECORD, b'{"lake_id": "x", "layout": 99}')
    monkeypatch.setenv("MUSICFLOW_HOME", str(settings.home))

    done = CliRunner().invoke(reconcile_command, [])

    assert done.exit_code == 1
    assert "upgrade this station" in str(done.exception)

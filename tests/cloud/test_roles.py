"""What the roles in deploy/gcp/roles grant is what is asked of Google's APIs, and no more.

The emulators grant everything: so each request is recorded, and told by its method and path, or by
the words of its statement, what it would need. What Google checks beyond that is not seen here.
"""

import uuid
from pathlib import Path

import pytest
import yaml

from contracts.events import EVENTS
from contracts.lake import HOUR
from contracts.store import open_store
from local.bigquery_emulator import BigQuery
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.bigquery.client import connect
from musicflow_dagster.warehouse.bigquery.opening import open_warehouse
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.bigquery.publications import BigQueryPublications
from musicflow_dagster.warehouse.bigquery.tables import DATASETS
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens
from tests.cloud.bigquery_warehouse import BigQueryWarehouse, client_of
from tests.cloud.recording import recording

pytestmark = [pytest.mark.cloud, pytest.mark.emulator, pytest.mark.integration]

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "deploy/gcp/roles"


def granted(*roles: str) -> set[str]:
    """The permissions of these roles together."""
    return {
        permission
        for role in roles
        for permission in yaml.safe_load((ROLES / f"{role}.yaml").read_text())[
            "includedPermissions"
        ]
    }


def test_the_docs_name_every_role():
    told = (ROOT / "docs/cloud.md").read_text()

    assert [path.name for path in ROLES.iterdir() if path.name not in told] == []


@pytest.fixture
def storage(fake_gcs, gs_lake, monkeypatch):
    """The fake of GCS, recorded; the lake is reached through it."""
    with recording(fake_gcs.endpoint) as recorder:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", recorder.endpoint)
        yield recorder


def test_landings_store_needs_what_its_role_grants(storage, gs_lake):
    store = open_store(gs_lake)
    assert store.put_if_absent("log/1", b"one")
    assert not store.put_if_absent("log/1", b"another")
    store.put("progress", b"old")
    store.put("progress", b"new")
    with store.create("part.parquet") as file:
        file.write(b"rows" * 10)
    assert store.read("progress") == b"new"
    assert store.exists("part.parquet")
    assert not store.exists("nothing")
    assert len(list(store.list(""))) == 3
    store.delete("part.parquet")

    assert storage.permissions == granted("landing")


@pytest.fixture
def place(bigquery, monkeypatch):
    """Datasets of the test's own, as an administrator makes them before the first build."""
    for name, value in bigquery.environment.items():
        monkeypatch.setenv(name, value)
    place = Place(bigquery.project, "US", f"r{uuid.uuid4().hex[:10]}_")
    client = connect(place).client
    for schema in DATASETS:
        client.create_dataset(place.dataset(schema))
    yield place
    for schema in DATASETS:
        client.delete_dataset(place.dataset(schema), delete_contents=True)


@pytest.fixture
def warehouse(bigquery, place, monkeypatch):
    """The BigQuery of `place`, recorded; its clients go through the recorder."""
    with recording(bigquery.host) as recorder:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", recorder.endpoint)
        yield recorder


def test_a_build_needs_what_the_builders_roles_grant(warehouse, place, storage, gs_lake, tmp_path):
    lake = LakeBuilder(Path("lake"), open_store(gs_lake))
    lake.land("listen_events", hour_of_listens(0, 3))
    storage.asked.clear()
    load(place, gs_lake, tmp_path)
    build_models(warehouse.endpoint, place, tmp_path)

    assert warehouse.permissions == granted("builder", "builder_jobs")
    assert storage.permissions == granted("lake_reader")


def test_readers_may_do_nothing_that_the_builder_may_not():
    assert granted("reader") < granted("builder")


def load(place: Place, lake: str, folder: Path) -> None:
    """Load an hour, note its accounts, and look at what was noted, as a run and its readers do."""
    hours = HourRange(FIRST_HOUR, FIRST_HOUR + HOUR)
    index = LakeIndex(folder / "index.sqlite", open_store(lake))
    index.refresh()
    for _ in range(2):
        warehouse = open_warehouse(place, f"musicflow-roles-{uuid.uuid4().hex[:6]}")
        warehouse.set_pseudonym_key("key")
        for event in EVENTS:
            load_hours(warehouse, index, event, hours)
        warehouse.columns()
    publications = BigQueryPublications(warehouse.jobs, folder / "lock")
    assert ("listen_events", FIRST_HOUR) in publications.accounts(None)


def build_models(host: str, place: Place, folder: Path) -> None:
    """Build a fact and what it is made of: new, and then a window of it again."""
    server = BigQuery(place.project, host)
    with client_of(server) as client:
        dbt = BigQueryWarehouse(server, place.prefix, folder / "dbt", client)
        select = ("run", "--select", "+fct_auth_attempts")
        dbt.build(*select)
        dbt.build(*select, start=FIRST_HOUR, end=FIRST_HOUR + HOUR)

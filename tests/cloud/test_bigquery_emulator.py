"""The emulator reads `gs://` as BigQuery does: from the bucket, by name or by `*`."""

import io
import uuid
from collections.abc import Iterator

import polars as pl
import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery as bq

from contracts.store import open_store
from local.bigquery_emulator import BigQuery
from tests.cloud.bigquery_warehouse import client_of

pytestmark = [pytest.mark.cloud, pytest.mark.integration, pytest.mark.emulator]

FILES = {"date=2026-01-01/hour=05/a.parquet": [1, 2], "date=2026-01-01/hour=06/b.parquet": [3]}


@pytest.fixture
def client(bigquery: BigQuery) -> Iterator[bq.Client]:
    with client_of(bigquery) as client:
        yield client


@pytest.fixture
def dataset(client: bq.Client) -> Iterator[str]:
    name = f"emulator_{uuid.uuid4().hex[:8]}"
    client.create_dataset(name)
    yield name
    client.delete_dataset(name, delete_contents=True)


@pytest.fixture
def lake(gs_lake: str) -> str:
    """A lake with a number in each row of its files."""
    store = open_store(gs_lake)
    for path, numbers in FILES.items():
        file = io.BytesIO()
        pl.DataFrame({"number": numbers}).write_parquet(file)
        store.put(path, file.getvalue())
    return gs_lake


def load(client: bq.Client, table: str, *uris: str) -> list[int]:
    """The numbers that stand in a new table after a load."""
    options = bq.LoadJobConfig(
        source_format=bq.SourceFormat.PARQUET, schema=[bq.SchemaField("number", "INT64")]
    )
    client.load_table_from_uri(list(uris), table, job_config=options).result()
    return sorted(row["number"] for row in client.query(f"select * from {table}").result())


def test_a_load_reads_the_objects_that_it_names(client: bq.Client, dataset: str, lake: str):
    paths = [f"{lake}/{path}" for path in FILES]

    assert load(client, f"{dataset}.some", paths[1]) == [3]
    assert load(client, f"{dataset}.each", *paths) == [1, 2, 3]
    assert load(client, f"{dataset}.matching", f"{lake}/date=2026-01-01/*.parquet") == [1, 2, 3]


@pytest.mark.parametrize("name", ["nothing.parquet", "nothing/*.parquet"])
def test_a_load_of_what_is_not_there_is_not_found(
    client: bq.Client, dataset: str, lake: str, name: str
):
    with pytest.raises(NotFound, match="nothing"):
        load(client, f"{dataset}.none", f"{lake}/{name}")

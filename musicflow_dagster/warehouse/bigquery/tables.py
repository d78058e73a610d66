"""The datasets and tables that loads need: made where they lack, widened where the contract grew.

What somebody has changed by hand so that loads would fail half-way is told before anything is done.
"""

from collections.abc import Mapping, Sequence

from google.api_core import exceptions as api
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from contracts.errors import ConfigurationError
from contracts.events import EVENTS, Event
from contracts.to_bigquery import CLUSTER_COLUMNS, PARTITION_COLUMN, bigquery_columns
from musicflow_dagster.warehouse.bigquery.errors import told
from musicflow_dagster.warehouse.bigquery.jobs import RETRY, Jobs

LABELS = {"managed_by": "musicflow"}
DATASETS = {
    "raw": "Events as they landed, each once; an hour is replaced whole.",
    "staging": "Cleaned events and what lies between; personal: not for readers.",
    "marts": "Facts and dimensions.",
    "reporting": "A table for each view of the dashboard.",
    "reconciliation": "The accounts of loads and builds.",
    "catalogue": "What listeners can choose from.",
}
API_TYPES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
"""What the API calls types that have another name in SQL."""
SQL_TYPES = {older: kind for kind, older in API_TYPES.items()}
SMALL_TABLES: Mapping[tuple[str, str], Sequence[tuple[str, str, str]]] = {
    ("staging", "pseudonym_key"): [("key", "STRING", "REQUIRED")],
    ("reconciliation", "warehouse"): [("id", "STRING", "REQUIRED")],
    ("reconciliation", "publications"): [
        ("number", "INTEGER", "REQUIRED"),
        ("published_at", "TIMESTAMP", "REQUIRED"),
    ],
    ("reconciliation", "raw_hours"): [
        ("event", "STRING", "REQUIRED"),
        ("hour", "TIMESTAMP", "REQUIRED"),
        *(
            (name, "INTEGER", "REQUIRED")
            for name in (
                "accepted",
                "replayed",
                "from_files",
                "raw_rows",
                "duplicates",
                "conflicting_duplicates",
                "erased",
            )
        ),
        ("manifests", "STRING", "REQUIRED"),
        ("loaded_at", "TIMESTAMP", "REQUIRED"),
    ],
    ("reconciliation", "fact_hours"): [
        ("fact", "STRING", "REQUIRED"),
        ("hour", "TIMESTAMP", "REQUIRED"),
        ("raw_rows", "INTEGER", "REQUIRED"),
        ("fact_rows", "INTEGER", "REQUIRED"),
    ],
    ("reconciliation", "built_hours"): [
        ("event", "STRING", "REQUIRED"),
        ("hour", "TIMESTAMP", "REQUIRED"),
        ("manifests", "STRING", "REQUIRED"),
    ],
    ("catalogue", "songs"): [
        ("song_id", "STRING", "NULLABLE"),
        ("artist", "STRING", "NULLABLE"),
        ("title", "STRING", "NULLABLE"),
        ("duration_seconds", "FLOAT", "NULLABLE"),
        ("plays", "FLOAT", "NULLABLE"),
        ("album", "STRING", "NULLABLE"),
        ("release_year", "FLOAT", "NULLABLE"),
        ("tempo_bpm", "FLOAT", "NULLABLE"),
        ("loudness_db", "FLOAT", "NULLABLE"),
        ("hotness", "FLOAT", "NULLABLE"),
    ],
}


def prepare(jobs: Jobs) -> None:
    """Create what a new warehouse lacks, and check what stands; nothing is written to it.

    Raises:
        ConfigurationError: A dataset is elsewhere, or a raw table is not the contract's any more.
    """
    for schema, about in DATASETS.items():
        _dataset(jobs, schema, about)
    for (schema, name), columns in SMALL_TABLES.items():
        _table(jobs, small_table(jobs, schema, name, columns))
    for event in EVENTS:
        stands = _table(jobs, raw_table(jobs, event))
        for column in _lacking(stands, event):
            _add(jobs, event, column)
    jobs.run(
        f"insert into {jobs.place.sql('reconciliation', 'warehouse')} (id) "  # noqa: S608  names of ours
        "select generate_uuid() from unnest([1]) where not exists "
        f"(select 1 from {jobs.place.sql('reconciliation', 'warehouse')})",
        "naming the warehouse",
    )


def raw_table(jobs: Jobs, event: Event) -> bigquery.Table:
    """The raw table of `event`, as it should be."""
    columns = [SchemaField.from_api_repr(dict(each)) for each in bigquery_columns(event)]
    table = bigquery.Table(jobs.place.table("raw", event.name), schema=columns)
    table.time_partitioning = bigquery.TimePartitioning(
        type_=bigquery.TimePartitioningType.HOUR, field=PARTITION_COLUMN
    )
    table.require_partition_filter = True
    table.clustering_fields = list(CLUSTER_COLUMNS)
    table.description = f"{event.description} One row per identity (event_id, occurred_at)."
    table.labels = {**LABELS, "layer": "raw"}
    return table


def small_table(
    jobs: Jobs, schema: str, name: str, columns: Sequence[tuple[str, str, str]]
) -> bigquery.Table:
    """One of `SMALL_TABLES`, as it should be."""
    fields = [SchemaField(column, kind, mode=mode) for column, kind, mode in columns]
    table = bigquery.Table(jobs.place.table(schema, name), schema=fields)
    table.labels = {**LABELS, "layer": schema}
    return table


def _dataset(jobs: Jobs, schema: str, about: str) -> None:
    dataset = bigquery.Dataset(jobs.place.dataset(schema))
    dataset.location, dataset.description = jobs.place.location, about
    dataset.labels = {**LABELS, "layer": schema}
    with told(jobs.place, f"looking at dataset {dataset.dataset_id}"):
        try:
            stands = jobs.client.get_dataset(dataset.reference, retry=RETRY)
        except api.NotFound:
            stands = jobs.client.create_dataset(dataset, exists_ok=True, retry=RETRY)
    if stands.location and stands.location.lower() != jobs.place.location.lower():
        raise ConfigurationError(
            f"dataset {dataset.dataset_id} is in {stands.location}, and "
            f"MUSICFLOW_BIGQUERY_LOCATION is {jobs.place.location}: datasets and bucket must be in "
            "one location"
        )


def _table(jobs: Jobs, wanted: bigquery.Table) -> bigquery.Table:
    with told(jobs.place, f"looking at table {wanted.dataset_id}.{wanted.table_id}"):
        try:
            return jobs.client.get_table(wanted.reference, retry=RETRY)
        except api.NotFound:
            return jobs.client.create_table(wanted, exists_ok=True, retry=RETRY)


def _lacking(stands: bigquery.Table, event: Event) -> list[SchemaField]:
    """The columns that the contract has got since the table was made.

    Raises:
        ConfigurationError: The table differs otherwise: somebody has changed it.
    """
    held = {field.name: field for field in stands.schema}
    lacking = []
    for column in bigquery_columns(event):
        field = held.get(column["name"])
        if field is None and column["mode"] == "NULLABLE":
            lacking.append(SchemaField.from_api_repr(dict(column)))
        elif field is None:
            raise _changed(stands, f"it lacks the column {column['name']}")
        elif _kind(field.field_type) != column["type"] or field.mode == "REPEATED":
            what = f"column {field.name} is {field.field_type}, the contract says {column['type']}"
            raise _changed(stands, what)
        elif field.mode == "REQUIRED" and column["mode"] == "NULLABLE":
            raise _changed(stands, f"column {field.name} must not be null there, and may be")
    ours = {column["name"] for column in bigquery_columns(event)}
    for field in stands.schema:
        if field.name not in ours and field.mode == "REQUIRED":
            raise _changed(stands, f"column {field.name} is needed there, and nothing fills it")
    return lacking


def _changed(table: bigquery.Table, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"somebody has changed the table {table.dataset_id}.{table.table_id}: {what}; change it "
        "back, or drop it and run `musicflow backfill` for all hours: nothing was loaded"
    )


def _kind(kind: str) -> str:
    """The API's older name of a type."""
    return API_TYPES.get(kind, kind)


def _add(jobs: Jobs, event: Event, column: SchemaField) -> None:
    about = column.description.replace("\\", "\\\\").replace('"', '\\"')
    kind = SQL_TYPES.get(column.field_type, column.field_type)
    jobs.run(
        f"alter table {jobs.place.sql('raw', event.name)} add column if not exists "
        f'{column.name} {kind} options(description="{about}")',
        f"adding a column to {event.name}",
    )

"""Pages on BigQuery get the rows that they get from a snapshot."""

import io
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import polars as pl
import pytest
from google.cloud import bigquery as google
from polars.testing import assert_frame_equal

from contracts.errors import ConfigurationError
from dashboard.data import activity, audience, charts, common, overview
from dashboard.data.bigquery import BigQueryMarts, Place
from dashboard.data.tables import NotPublishedError, Published, Tables
from dashboard.filters import Filters
from local.bigquery_emulator import BigQuery
from tests.cloud.bigquery_warehouse import LOCATION, client_of
from tests.dashboard.tables import MemoryTables

pytestmark = [pytest.mark.cloud, pytest.mark.integration]

LAST = date(2026, 1, 2)
LAST_HOUR = datetime(2026, 1, 2, 23, tzinfo=UTC).replace(tzinfo=None)
PUBLISHED_AT = LAST_HOUR + timedelta(hours=2)
FILTERS = Filters(date(2026, 1, 1), LAST)
NARROWED = replace(FILTERS, states=("ID", "O'Hara"), plans=("paid",), devices=("phone",))

KINDS = {
    pl.String: "STRING",
    pl.Int64: "INTEGER",
    pl.Float64: "FLOAT",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime("us"): "TIMESTAMP",
}


def hours() -> list[datetime]:
    return [LAST_HOUR - timedelta(hours=7 * number) for number in range(6)]


def counts(number: int) -> dict[str, object]:
    return {"streams": 5 + number, "guest_streams": 1, "qualified_streams": 4, "skips": number,
            "completions": 2, "listening_seconds": 60.5 * number}  # fmt: skip


def cells() -> Iterator[tuple[int, dict[str, object]]]:
    """All combinations of what is filtered by, numbered."""
    combinations = [
        {"state": state, "level": level, "device_type": device}
        for state in ("ID", "TX", "O'Hara", "unknown")
        for level in ("free", "paid")
        for device in ("phone", "tv")
    ]
    yield from enumerate(combinations)


def frames() -> dict[str, pl.DataFrame]:
    """A few published tables, by name."""
    days = (date(2025, 12, 31), date(2026, 1, 1), LAST)
    return {
        "reporting.rpt_streams_by_hour": pl.DataFrame(
            [
                {"hour_starts_at": hour, **cell, **counts(n)}
                for hour in hours()
                for n, cell in cells()
            ]
        ),
        "reporting.rpt_listener_days": pl.DataFrame(
            [
                {"active_on": day, "listener_number": n % (3 + day.day), **cell, **counts(n)}
                for day in days
                for n, cell in cells()
            ]
        ),
        "reporting.rpt_session_days": pl.DataFrame(
            [{"started_on": day, **cell, "sessions": n} for day in days for n, cell in cells()]
        ),
        "reporting.rpt_active_users": pl.DataFrame(
            {
                "active_on": days,
                "daily_users": [1, 2, 3],
                "weekly_users": [7, 8, 9],
                "monthly_users": [28, 29, 30],
            }
        ),
        "reporting.rpt_hourly_activity": pl.DataFrame({"hour_starts_at": hours()}),
        "marts.fct_streams": pl.DataFrame(
            [
                {
                    "song_key": f"song {n % 5}",
                    "artist_key": f"artist {n % 3}",
                    "location_key": cell["state"],
                    "device_key": cell["device_type"],
                    "level": cell["level"],
                    "is_skipped": n % 2 == 0,
                    "is_completed": n % 3 == 0,
                    "listening_seconds": 30.0,
                    "listened_at": hour,
                }
                for hour in hours()
                for n, cell in cells()
            ]
        ),
        "marts.dim_songs": pl.DataFrame(
            [
                {
                    "song_key": f"song {n}",
                    "song_title": f"Title {n}",
                    "artist_name": f"Name {n % 3}",
                }
                for n in range(5)
            ]
        ),
        "marts.dim_locations": pl.DataFrame(
            {
                "location_key": ["ID", "TX", "O'Hara", "unknown"],
                "state": ["ID", "TX", "O'Hara", "Unknown state"],
            }
        ),
        "marts.dim_devices": pl.DataFrame(
            {"device_key": ["phone", "tv"], "device_type": ["phone", "tv"]}
        ),
        "reconciliation.built_hours": pl.DataFrame(
            [{"event": event, "hour": hour} for event in ("a", "b") for hour in hours()]
        ),
        "reconciliation.publications": pl.DataFrame(
            {"number": [1, 2], "published_at": [PUBLISHED_AT - timedelta(days=1), PUBLISHED_AT]}
        ),
    }


@pytest.fixture(scope="module")
def marts(bigquery: BigQuery) -> Iterator[BigQueryMarts]:
    """The same tables in datasets with a prefix of their own."""
    place = Place(project=bigquery.project, location=LOCATION,
                  prefix=f"test_{uuid.uuid4().hex[:8]}_", maximum_bytes_billed=10**9)  # fmt: skip
    with client_of(bigquery) as client:
        datasets = {f"{place.prefix}{name.partition('.')[0]}" for name in frames()}
        for dataset in datasets:
            client.create_dataset(dataset)
        for name, frame in frames().items():
            load(client, f"{place.prefix}{name}", frame)
        with patch.dict(os.environ, bigquery.environment):
            yield BigQueryMarts(place)
        for dataset in datasets:
            client.delete_dataset(dataset, delete_contents=True)


def load(client: google.Client, destination: str, frame: pl.DataFrame) -> None:
    schema = [google.SchemaField(name, KINDS[kind]) for name, kind in frame.schema.items()]
    client.create_table(google.Table(f"{client.project}.{destination}", schema))
    file = io.BytesIO()
    times = pl.col(pl.Datetime("us")).dt.replace_time_zone("UTC")
    frame.with_columns(times).write_parquet(file)
    options = google.LoadJobConfig(source_format=google.SourceFormat.PARQUET, schema=schema)
    client.load_table_from_file(file, destination, rewind=True, job_config=options).result()


@pytest.fixture(scope="module")
def snapshot() -> Tables:
    tables = MemoryTables(frames())
    tables.publication = published()
    return tables


def published() -> Published:
    first, last = min(hours()), max(hours())
    return Published(2, PUBLISHED_AT.replace(tzinfo=UTC), first.replace(tzinfo=UTC),
                     last.replace(tzinfo=UTC))  # fmt: skip


def today() -> overview.Today:
    return overview.Today(LAST, datetime(2026, 1, 3, tzinfo=UTC))


def chart(tables: Tables, filters: Filters) -> pl.DataFrame:
    now, before = charts.period(filters, charts.DAY)
    return charts.top(tables, charts.SONGS, now, before)


@pytest.mark.parametrize("filters", [FILTERS, NARROWED], ids=["all", "narrowed"])
@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(overview.days, id="days of the overview"),
        pytest.param(lambda t, f: overview.active_users(t, today(), f), id="active users"),
        pytest.param(audience.states, id="states"),
        pytest.param(audience.plans, id="plans"),
        pytest.param(lambda t, f: activity.two_days(t, f, today()), id="two days"),
        pytest.param(activity.week, id="week"),
    ],
)
def test_a_page_gets_the_rows_that_the_snapshot_gives(
    marts: BigQueryMarts,
    snapshot: Tables,
    asked: Callable[[Tables, Filters], pl.DataFrame],
    filters: Filters,
):
    found, expected = asked(marts.newest(), filters), asked(snapshot, filters)

    assert not expected.is_empty()
    assert_frame_equal(found, expected, check_row_order=False, check_dtypes=False)


def test_a_filtered_chart_is_that_of_the_snapshot(marts: BigQueryMarts, snapshot: Tables):
    expected = chart(snapshot, NARROWED)

    assert not expected.is_empty()
    assert_frame_equal(chart(marts.newest(), NARROWED), expected, check_dtypes=False)


def test_numbers_and_what_there_is_to_choose_agree_too(marts: BigQueryMarts, snapshot: Tables):
    tables = marts.newest()

    assert overview.today_and_before(tables, NARROWED, today()) == overview.today_and_before(
        snapshot, NARROWED, today()
    )
    assert common.choices(tables) == common.choices(snapshot)
    assert common.completeness(tables, FILTERS) == common.completeness(snapshot, FILTERS)


def test_the_publication_is_the_newest_with_the_hours_that_were_built(marts: BigQueryMarts):
    tables = marts.newest()

    assert tables.publication == published()
    assert tables.has("reporting.rpt_streams_by_hour")
    assert not tables.has("reporting.rpt_retention")


def test_a_table_that_is_not_there_is_told_as_such(marts: BigQueryMarts):
    with pytest.raises(NotPublishedError, match="musicflow build"):
        marts.newest().rows("select 1 from reporting.rpt_retention")


def test_without_a_project_the_dashboard_says_what_to_set():
    with patch.dict(os.environ, clear=True), pytest.raises(ConfigurationError, match="GOOGLE_"):
        Place.read()

"""What goes wrong with BigQuery: one clear line each, and nothing half-loaded."""

from pathlib import Path

import pytest
from google.api_core.exceptions import Unauthorized
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.cloud.bigquery.retry import DEFAULT_RETRY

from contracts.errors import ConfigurationError, MusicFlowError, UnavailableError
from contracts.events import LISTEN_EVENTS
from contracts.lake import HOUR
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.bigquery.client import connect
from musicflow_dagster.warehouse.bigquery.errors import UnreadableFilesError, problem
from musicflow_dagster.warehouse.bigquery.jobs import Jobs
from musicflow_dagster.warehouse.bigquery.opening import open_warehouse
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.bigquery.publications import BigQueryPublications
from musicflow_dagster.warehouse.bigquery.session import BigQueryWarehouse
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens
from tests.cloud.said_by_bigquery import SaidByBigQuery, answering, refusal

pytestmark = pytest.mark.cloud

PLACE = Place("p", "US", "mine_", maximum_bytes_billed=10 * 2**20)
DENIED = "Access Denied: Dataset p:mine_raw: Permission bigquery.datasets.get denied"


@pytest.fixture
def said(monkeypatch):
    said = SaidByBigQuery()
    with answering(said) as address:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", address)
        yield said


@pytest.fixture
def jobs(said) -> Jobs:
    return connect(PLACE)


def written(said):
    """What was asked for that could have changed something."""
    return [path for method, path in said.asked if method != "GET"]


def told_in_a_line(error: MusicFlowError, *words: str) -> None:
    assert "\n" not in str(error)
    for each in words:
        assert each in str(error)


def test_without_permission_on_a_dataset_nothing_is_begun(said):
    said.says("GET", "/datasets/mine_raw", refusal(403, "accessDenied", DENIED))

    with pytest.raises(ConfigurationError) as refused:
        open_warehouse(PLACE, "musicflow-test")
    told_in_a_line(refused.value, "permission is missing", "bigquery.datasets.get", "dataEditor")
    assert written(said) == []


def test_a_dataset_in_another_location_is_refused_before_anything_is_loaded(said):
    reference = {"projectId": "p", "datasetId": "mine_raw"}
    said.says("GET", "/datasets/mine_raw", (200, {"datasetReference": reference, "location": "EU"}))

    with pytest.raises(ConfigurationError) as refused:
        open_warehouse(PLACE, "musicflow-test")
    told_in_a_line(refused.value, "mine_raw is in EU", "MUSICFLOW_BIGQUERY_LOCATION is US")
    assert written(said) == []


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        pytest.param(
            (403, "accessDenied", ("Access Denied: Project p: User does not have "
             "bigquery.jobs.create permission")),
            ConfigurationError, ["permission is missing", "roles/bigquery.jobUser"],
            id="no permission to run jobs",
        ),
        pytest.param(
            (403, "quotaExceeded", "Quota exceeded: Your table exceeded quota for imports"),
            UnavailableError, ["a quota of BigQuery is used up", "exceeded quota for imports"],
            id="a quota is used up",
        ),
        pytest.param(
            (404, "notFound", "Not found: Dataset p:mine_raw was not found in location US"),
            ConfigurationError, ["not there", "MUSICFLOW_BIGQUERY_LOCATION"],
            id="no dataset in this location",
        ),
    ],
)  # fmt: skip
def test_a_job_that_is_refused_is_told_in_a_line(said, jobs, answer, kind, words):
    said.says("POST", "/jobs", refusal(*answer))

    with pytest.raises(kind) as refused:
        jobs.run("select 1", "a test")
    told_in_a_line(refused.value, *words)


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        pytest.param(
            (400, "bytesBilledLimitExceeded", ("Query exceeded limit for bytes billed: 10485760. "
             "20971520 or higher required.")),
            ConfigurationError, ["MUSICFLOW_MAXIMUM_BYTES_BILLED", "20971520"],
            id="more bytes than allowed",
        ),
        pytest.param(
            (403, "quotaExceeded", "Quota exceeded: too many DML statements"),
            UnavailableError, ["a quota of BigQuery is used up"],
            id="a quota is used up",
        ),
    ],
)  # fmt: skip
def test_a_statement_that_fails_is_told_in_a_line(said, jobs, failure, kind, words):
    said.fails_jobs(*failure)

    with pytest.raises(kind) as failed:
        jobs.run("select 1", "a test")
    told_in_a_line(failed.value, *words)


LOADS = [
    pytest.param(
        (400, "invalid", ("Cannot read and write in different locations: source: EU, "
         "destination: US")),
        ["one location", "MUSICFLOW_BIGQUERY_LOCATION is US", "source: EU"],
        id="a bucket in another location",
    ),
    pytest.param(
        (403, "accessDenied", ("Access Denied: File gs://b/x.parquet: account does not have "
         "storage.objects.get access")),
        ["permission is missing", "roles/storage.objectViewer"],
        id="no permission on the bucket",
    ),
    pytest.param(
        (400, "invalid", ("Provided Schema does not match Table p:mine_raw.loading. Field zip has "
         "changed mode from REQUIRED to NULLABLE")),
        ["BigQuery refuses", "changed mode from REQUIRED to NULLABLE"],
        id="a table that is not as the load says",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("failure", "words"), LOADS)
def test_a_load_that_fails_ends_before_the_raw_table_is_touched(
    said, jobs, tmp_path, failure, words
):
    said.says("POST", "/tables", (200, {"tableReference": {
        "projectId": "p", "datasetId": "mine_raw", "tableId": "loading"}}))  # fmt: skip
    said.fails_jobs(*failure)
    lake = LakeBuilder(tmp_path / "lake")
    lake.land("listen_events", hour_of_listens(0, 2))
    index = LakeIndex(tmp_path / "index.sqlite", lake.store)
    index.refresh()

    with pytest.raises(ConfigurationError) as failed:
        load_hours(
            BigQueryWarehouse(jobs), index, LISTEN_EVENTS, HourRange(FIRST_HOUR, FIRST_HOUR + HOUR)
        )
    told_in_a_line(failed.value, *words)
    assert [path for path in written(said) if path.split("?")[0].endswith("/jobs")] == [
        "/bigquery/v2/projects/p/jobs?prettyPrint=false"
    ], "the load job alone: no statement"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        pytest.param(
            (
                400,
                "invalidQuery",
                "Could not serialize access to table p:t due to concurrent update",
            ),
            "another job changes the same table",
            id="two jobs on one table",
        ),
        pytest.param(
            (500, "jobInternalError", "The job encountered an internal error: gs://b/x.parquet"),
            "does not answer",
            id="an error within BigQuery",
        ),
        pytest.param((400, "tableUnavailable", "Retry"), "may in a while", id="a table not ready"),
        pytest.param((400, "jobRateLimitExceeded", "Too many"), "a quota", id="too many jobs"),
    ],
)
def test_a_load_that_may_succeed_later_is_told_as_such(said, jobs, failure, words):
    said.fails_jobs(*failure)

    with pytest.raises(UnavailableError) as failed:
        jobs.load(["gs://b/x.parquet"], "p.mine_raw.t", "a test")
    told_in_a_line(failed.value, words)


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        pytest.param(
            "invalid",
            "Error while reading data, error message: Input file is not in Parquet format.",
            id="damaged",
        ),
        pytest.param("notFound", "Not found: URI gs://b/x.parquet", id="gone"),
    ],
)
def test_files_that_cannot_be_read_are_told_without_what_they_hold(said, jobs, reason, message):
    said.fails_jobs(400, reason, message)

    with pytest.raises(UnreadableFilesError) as failed:
        jobs.load(["gs://b/x.parquet"], "p.mine_raw.t", "a test")
    assert str(failed.value) == "files cannot be read (a test)"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(RefreshError("invalid_grant"), "have expired", id="expired"),
        pytest.param(Unauthorized("invalid authentication"), "have expired", id="not taken"),
        pytest.param(DefaultCredentialsError("none found"), "there are no credentials", id="none"),
    ],
)
def test_credentials_are_told_of_with_what_to_do(error, words):
    told = problem(error, PLACE, "a test")

    assert isinstance(told, ConfigurationError)
    told_in_a_line(told, words, "gcloud auth application-default login")


@pytest.mark.parametrize("status", [500, 503])
def test_a_bigquery_that_does_not_answer_may_answer_later(said, jobs, monkeypatch, status):
    patience = DEFAULT_RETRY.with_timeout(0.1)
    monkeypatch.setattr("musicflow_dagster.warehouse.bigquery.jobs.RETRY", patience)
    said.says("POST", "/jobs", refusal(status, "backendError", "Try again later"))

    with pytest.raises(UnavailableError, match="does not answer"):
        jobs.load(["gs://b/x.parquet"], "p.mine_raw.t", "a test")


def test_where_nothing_was_ever_built_nothing_counts_as_built(said):
    publications = BigQueryPublications(connect(PLACE), Path("unused"))

    assert publications.standing() is None
    assert publications.built_hours() == {}
    assert publications.accounts(None) == {}


def test_every_query_has_the_limit_of_bytes_and_a_name_that_tells_its_run(said, monkeypatch):
    jobs = connect(PLACE, "musicflow-run1-2")
    sent = []
    monkeypatch.setattr(
        "google.cloud.bigquery.job.QueryJob._begin", lambda job, **_: sent.append(job)
    )
    jobs._asked("select 1", "listen_events-merge", {})

    assert sent[0].maximum_bytes_billed == PLACE.maximum_bytes_billed
    assert sent[0].job_id.startswith("musicflow-run1-2-listen_events-merge-")
    assert sent[0].location == "US"

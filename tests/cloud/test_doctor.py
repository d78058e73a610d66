"""What the doctor says of a lake in a bucket and of a warehouse in BigQuery, well and ill."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery as bq
from google.cloud import storage as gcs

from contracts.store import FolderStore, open_store
from musicflow_dagster.doctor import bucket as doctor_bucket
from musicflow_dagster.doctor import google as doctor_google
from musicflow_dagster.doctor.bucket import PROBES, bucket
from musicflow_dagster.doctor.google import EMULATORS, OBJECTS, TABLES, credentials, google_cloud
from musicflow_dagster.settings import Settings

from .fake_google import fake_google

pytestmark = pytest.mark.cloud

JOBS = ("POST", "/bigquery/v2/projects/p/jobs")
BUCKET = ("GET", "/storage/v1/b/bucket")
BUCKET_GRANTS = ("GET", "/storage/v1/b/bucket/iam/testPermissions")
RAW = "/bigquery/v2/projects/p/datasets/raw"
TABLE_GRANTS = ("POST", f"{RAW}/tables/listen_events:testIamPermissions")


def problems(findings) -> dict[str, str]:
    """What is to be done, by what was looked at."""
    return {each.name: f"{each.what} -> {each.do}" for each in findings if not each.is_ok}


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["gs_lake", "s3_lake"])
def test_a_bucket_that_does_as_it_should_is_well_and_keeps_nothing_of_the_examination(
    kind, request
):
    lake = request.getfixturevalue(kind)

    assert problems(bucket(lake)) == {}
    assert list(open_store(lake).list("")) == []


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["gs_lake", "s3_lake"])
def test_a_bucket_that_is_not_there_is_a_problem(kind, request):
    scheme, _, _ = request.getfixturevalue(kind).partition("://")

    assert "no-such-bucket" in problems(bucket(f"{scheme}://no-such-bucket-of-ours/lake"))["bucket"]


def test_a_folder_is_no_bucket(tmp_path):
    assert list(bucket(str(tmp_path))) == []


def test_a_storage_that_lets_two_writers_win_is_a_problem(tmp_path, monkeypatch):
    class Lax(FolderStore):
        def put_if_absent(self, path, data):
            self.put(path, data)
            return True

    monkeypatch.setattr(doctor_bucket, "open_store", lambda _: Lax(tmp_path))

    assert "two writers" in problems(bucket("gs://bucket/lake"))["bucket"]
    assert list(FolderStore(tmp_path).list(PROBES)) == []


@pytest.fixture
def google(monkeypatch):
    """A Google where all is well, until a test changes its answers."""
    for variable in EMULATORS.values():
        monkeypatch.delenv(variable, raising=False)
    with fake_google() as fake:
        at = {"client_options": {"api_endpoint": fake.address}}
        nobody = AnonymousCredentials()
        monkeypatch.setattr(
            doctor_google, "_storage", lambda: gcs.Client(project=None, credentials=nobody, **at)
        )
        monkeypatch.setattr(
            doctor_google,
            "_bigquery",
            lambda _: bq.Client(project="p", credentials=nobody, **at),
        )
        monkeypatch.setattr(
            doctor_google,
            "credentials",
            lambda _: doctor_google.Finding("credentials", "accepted"),
        )
        table = {"tableReference": {"projectId": "p", "datasetId": "raw",
                                    "tableId": "listen_events"}, "type": "TABLE"}  # fmt: skip
        raw = {"datasetReference": {"projectId": "p", "datasetId": "raw"}, "location": "EU"}
        fake.answers = {
            JOBS: {"jobReference": {"projectId": "p", "jobId": "j"}, "status": {"state": "DONE"},
                   "configuration": {"query": {"query": "select 1"}, "dryRun": True}},
            BUCKET: {"name": "bucket", "location": "EU"},
            BUCKET_GRANTS: {"permissions": list(OBJECTS)},
            ("GET", RAW): raw,
            ("GET", f"{RAW}/tables"): {"tables": [table]},
            TABLE_GRANTS: {"permissions": list(TABLES)},
        }  # fmt: skip
        yield fake


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(
        target="gcp", GOOGLE_CLOUD_PROJECT="p", lake="gs://bucket/lake", home=tmp_path,
        bigquery_location="EU",
    )  # fmt: skip


def test_where_all_is_granted_there_is_no_problem(google, settings):
    findings = list(google_cloud(settings))

    assert problems(findings) == {}
    assert {"bucket's grants", "bigquery", "datasets", "location"} <= {x.name for x in findings}


@pytest.mark.parametrize(
    ("asked", "answer", "expected"),
    [
        pytest.param(JOBS, 403, ("bigquery", "roles/bigquery.jobUser"), id="no jobs"),
        pytest.param(
            BUCKET_GRANTS, {"permissions": ["storage.objects.get"]},
            ("bucket's grants", "roles/storage.objectUser"), id="a bucket to read only",
        ),
        pytest.param(
            TABLE_GRANTS, {"permissions": ["bigquery.tables.getData"]},
            ("grants", "roles/bigquery.dataEditor"), id="tables to read only",
        ),
        pytest.param(
            BUCKET, {"name": "bucket", "location": "US"},
            ("location", "MUSICFLOW_BIGQUERY_LOCATION"), id="a bucket in another location",
        ),
        pytest.param(
            ("GET", RAW),
            {"datasetReference": {"projectId": "p", "datasetId": "raw"}, "location": "asia"},
            ("datasets", "MUSICFLOW_BIGQUERY_LOCATION"), id="datasets in another location",
        ),
        pytest.param(("GET", RAW), 403, ("bigquery", "grant"), id="an invisible dataset"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_what_to_grant_or_set(
    google, settings, asked, answer, expected
):
    google.answers[asked] = answer
    name, advice = expected

    assert advice in problems(google_cloud(settings))[name]


def test_before_the_first_build_no_dataset_is_no_problem(google, settings):
    google.answers[("GET", RAW)] = 404

    assert problems(google_cloud(settings)) == {}


def test_a_bucket_whose_location_may_not_be_read_is_no_problem(google, settings):
    google.answers[BUCKET] = 403

    assert problems(google_cloud(settings)) == {}


def test_without_credentials_it_says_how_to_log_in(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "no-such-key.json"))
    monkeypatch.delenv(EMULATORS["gs"], raising=False)

    assert "gcloud auth" in credentials([EMULATORS["gs"]]).do


def test_credentials_that_google_refuses_are_a_problem(google, monkeypatch, tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = tmp_path / "account.json"
    account.write_text(
        json.dumps(
            {
                "type": "service_account", "project_id": "p", "private_key_id": "1",
                "private_key": pem.decode(), "client_email": "me@p.iam.gserviceaccount.com",
                "token_uri": f"{google.address}/token",
            }
        )
    )  # fmt: skip
    google.answers[("POST", "/token")] = 401
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))

    found = credentials([EMULATORS["gs"]])
    assert "refuses" in found.what
    assert "gcloud auth" in found.do


def test_emulators_need_no_credentials(monkeypatch):
    monkeypatch.setenv(EMULATORS["gs"], "http://127.0.0.1:1")

    assert credentials([EMULATORS["gs"]]).is_ok


@pytest.mark.integration
@pytest.mark.emulator
def test_on_emulators_there_is_nothing_to_grant(gs_lake, bigquery, tmp_path, monkeypatch):
    for name, value in bigquery.environment.items():
        monkeypatch.setenv(name, value)
    here = Settings(
        target="gcp", GOOGLE_CLOUD_PROJECT=bigquery.project, lake=gs_lake, home=tmp_path,
        dataset_prefix="doctored_",
    )  # fmt: skip

    assert problems(google_cloud(here)) == {}

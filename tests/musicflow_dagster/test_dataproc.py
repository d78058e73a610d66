"""Landing on Dataproc: what is asked for, held against the API's own description, and answered."""

import json
import re
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
from dagster_gcp.dataproc import resources as dagster_dataproc
from google.auth.credentials import AnonymousCredentials

from contracts.errors import ConfigurationError, UnavailableError
from musicflow_dagster.automation import dataproc_landing
from musicflow_dagster.automation.dataproc import dataproc
from musicflow_dagster.dataproc_requests import LandingLaunch, batch_request, job_request
from musicflow_dagster.settings import Settings

# Dagster calls its Dataproc resource beta; what we rely on of it is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

SCHEMAS = json.loads(
    (files("googleapiclient") / "discovery_cache/documents/dataproc.v1.json").read_text()
)["schemas"]
LAUNCH = {
    "package": "gs://bucket/landing",
    "checkpoints": "gs://bucket/checkpoints",
    "kafka": "kafka:9092",
}
LANDING = {"MUSICFLOW_LAKE": "gs://bucket/lake"}
JARS = ["gs://bucket/landing/jars/kafka.jar"]


def unknown_to(schema, value, where=""):
    """Places in `value` that Dataproc's own description of `schema` does not allow."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"]]
    if "properties" in schema:
        assert isinstance(value, dict), where
        for name, part in value.items():
            known = schema["properties"].get(name)
            yield from unknown_to(known, part, f"{where}.{name}") if known else [f"{where}.{name}"]
    elif schema.get("type") == "array":
        for part in value:
            yield from unknown_to(schema["items"], part, f"{where}[]")
    elif schema.get("type") == "object":
        for part in value.values():
            yield from unknown_to(schema["additionalProperties"], part, f"{where}{{}}")
    elif not isinstance(value, {"string": str, "integer": int, "boolean": bool}[schema["type"]]):
        yield where


def launch(**more) -> LandingLaunch:
    return LandingLaunch(**LAUNCH, **more)


FULL = {
    "container_image": "europe-docker.pkg.dev/p/r/landing:1",
    "archive": "gs://bucket/python.tar.gz",
    "service_account": "landing@p.iam.gserviceaccount.com",
    "subnetwork": "kafka",
    "environment": {"MUSICFLOW_MAX_EVENT_BYTES": "1000"},
    "properties": {"spark.executor.memory": "4g"},
}


@pytest.mark.parametrize("more", [{}, FULL, {"once": False}], ids=["least", "most", "for ever"])
def test_a_request_is_what_the_api_describes(more):
    batch = batch_request(launch(**more), JARS, LANDING)
    job = job_request(launch(**more), JARS, LANDING, cluster="c", job_id="j")

    assert list(unknown_to({"$ref": "Batch"}, batch)) == []
    assert list(unknown_to({"$ref": "SubmitJobRequest"}, job)) == []


def test_a_batch_starts_what_the_package_holds_with_landings_settings():
    batch = batch_request(launch(**FULL), JARS, LANDING)
    properties = batch["runtimeConfig"]["properties"]

    assert batch["pysparkBatch"] == {
        "mainPythonFileUri": "gs://bucket/landing/land.py",
        "args": ["--log-json", "--once"],
        "pythonFileUris": ["gs://bucket/landing/musicflow.zip"],
        "jarFileUris": JARS,
    }
    assert properties["spark.dataproc.driverEnv.MUSICFLOW_LAKE"] == "gs://bucket/lake"
    assert properties["spark.dataproc.driverEnv.MUSICFLOW_CHECKPOINTS"] == "gs://bucket/checkpoints"
    assert properties["spark.dataproc.driverEnv.MUSICFLOW_MAX_EVENT_BYTES"] == "1000"
    assert properties["spark.executor.memory"] == "4g"
    assert batch["environmentConfig"]["executionConfig"]["serviceAccount"].startswith("landing@")


def test_a_job_that_goes_on_for_ever_is_started_again_when_it_fails():
    for_ever = job_request(launch(once=False), JARS, LANDING, cluster="c", job_id="j")["job"]
    once = job_request(launch(), JARS, LANDING, cluster="c", job_id="j")["job"]

    assert for_ever["scheduling"]["maxFailuresPerHour"] > 0
    assert "--once" not in for_ever["pysparkJob"]["args"]
    assert "scheduling" not in once


@pytest.mark.parametrize(
    "name",
    ["KAFKA_SASL_PASSWORD", "MUSICFLOW_ALERT_WEBHOOK", "POSTGRES_URL", "SOME_PASSWORD_FILE"],
)
def test_a_secret_is_not_shown_to_everybody(name):
    with pytest.raises(ConfigurationError, match=name):
        batch_request(launch(environment={name: "hidden"}), JARS, LANDING)


def test_a_file_of_a_secret_may_be_named():
    named = {"KAFKA_SASL_PASSWORD_FILE": "/etc/musicflow/secrets/kafka"}
    job = job_request(launch(environment=named), JARS, LANDING, cluster="c", job_id="j")["job"]

    properties = job["pysparkJob"]["properties"]
    assert "/etc/musicflow/secrets/kafka" in properties.values()


class FakeDataproc:
    """A Dataproc on loopback that keeps what it was asked, and answers as it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict]] = []
        self.states = ["PENDING", "RUNNING", "SUCCEEDED"]
        self.refuses: int | None = None
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                fake.asked.append(("POST", self.path, body))
                if fake.refuses:
                    problem = {"code": fake.refuses, "message": "no"}
                    self.answer({"error": problem}, fake.refuses)
                else:
                    self.answer({"name": "operations/1"})

            def do_GET(self):
                state = fake.states.pop(0)
                fake.asked.append(("GET", self.path, {}))
                about = {"state": state, "stateMessage": "out of memory"}
                self.answer({**about, "status": {"state": state, "details": "out of memory"}})

            def answer(self, body, status=200):
                told = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def api(monkeypatch):
    fake = FakeDataproc()
    Thread(target=fake.server.serve_forever, daemon=True).start()
    at_fake = partial(dagster_dataproc.build, client_options={"api_endpoint": fake.address})
    monkeypatch.setattr(dagster_dataproc, "build", at_fake)
    monkeypatch.setattr(
        dagster_dataproc.GoogleCredentials,
        "get_application_default",
        staticmethod(AnonymousCredentials),
    )
    monkeypatch.setattr(dataproc_landing, "LOOKS_EVERY_SECONDS", 0.01)
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


@pytest.fixture
def run(settings, tmp_path):
    """Runs the job with a package in a folder; on a cluster, if one is named."""
    package = tmp_path / "landing"
    (package / "jars").mkdir(parents=True)
    (package / "jars" / "kafka.jar").touch()

    def run(*, cluster: str = "", **more):
        on_gcp = Settings(
            target="gcp", GOOGLE_CLOUD_PROJECT="p", lake="gs://bucket/lake", home=settings.home,
            dataproc_region="europe-west1", dataproc_cluster=cluster,
        )  # fmt: skip
        config = LAUNCH | {"package": str(package)} | more
        return dataproc_landing.dataproc_job(on_gcp).execute_in_process(
            run_config={"ops": {"land": {"config": config}}},
            resources={"dataproc": dataproc_landing.dataproc_resource(on_gcp)},
        )

    return run


def test_a_batch_is_asked_for_and_waited_for(api, run):
    assert run().success

    method, path, body = api.asked[0]
    assert (method, urlsplit(path).path) == (
        "POST", "/v1/projects/p/locations/europe-west1/batches",
    )  # fmt: skip
    assert re.fullmatch(r"[a-z0-9-]{4,63}", parse_qs(urlsplit(path).query)["batchId"][0])
    assert list(unknown_to({"$ref": "Batch"}, body)) == []
    assert [each[0] for each in api.asked[1:]] == ["GET"] * 3


def test_a_job_is_asked_for_on_the_cluster(api, run):
    api.states[-1] = "DONE"
    assert run(cluster="spark").success

    method, path, body = api.asked[0]
    assert (method, urlsplit(path).path) == (
        "POST", "/v1/projects/p/regions/europe-west1/jobs:submit",
    )  # fmt: skip
    assert body["job"]["placement"] == {"clusterName": "spark"}


def test_what_stands_already_is_waited_for(api, run):
    api.refuses = 409

    assert run().success


def test_a_landing_for_ever_is_not_waited_for(api, run):
    assert run(once=False).success

    assert [each[0] for each in api.asked] == ["POST"]


def test_a_batch_that_failed_fails_the_run_and_says_why(api, run):
    api.states = ["RUNNING", "FAILED"]

    with pytest.raises(dg.Failure, match="out of memory"):
        run()


@pytest.mark.parametrize(
    ("status", "advice"), [(403, "roles/dataproc.editor"), (404, "REGION"), (429, "quota")]
)
def test_a_refusal_says_what_to_do(api, run, status, advice):
    api.refuses = status

    with pytest.raises(UnavailableError, match=advice):
        run()


def test_with_a_region_dagster_has_the_job_and_its_resource(tmp_path):
    on_gcp = Settings(
        target="gcp", GOOGLE_CLOUD_PROJECT="p", lake="gs://bucket/lake", home=tmp_path,
        dataproc_region="europe-west1",
    )  # fmt: skip
    found = dataproc(on_gcp)

    assert [job.name for job in found.jobs] == [dataproc_landing.LAND]
    assert set(found.resources) == {"dataproc"}


def test_without_a_region_dagster_has_nothing_of_dataproc(settings):
    assert dataproc(settings).jobs == []

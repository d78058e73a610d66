"""The job that lands on Dataproc, as a batch or on a cluster; it waits for one that ends."""

import time
from collections.abc import Callable
from typing import Any

import dagster as dg
from dagster_gcp import DataprocResource
from dagster_gcp.dataproc.resources import DataprocClient
from googleapiclient.errors import HttpError
from oauth2client.client import ApplicationDefaultCredentialsError

from contracts.errors import UnavailableError
from contracts.store import open_store
from musicflow_dagster.dataproc_requests import LABELS, LandingLaunch, batch_request, job_request
from musicflow_dagster.settings import Settings

LAND = "land_on_dataproc"
LOOKS_EVERY_SECONDS = 10.0
_STANDS_ALREADY = 409
_ADVICE = {
    401: "log in: gcloud auth application-default login",
    403: "grant Dagster's account roles/dataproc.editor, and roles/iam.serviceAccountUser on "
    "landing's",
    404: "check MUSICFLOW_DATAPROC_REGION and MUSICFLOW_DATAPROC_CLUSTER",
    429: "the quota is used up: wait, or ask for more",
}
_WENT_WELL = {"SUCCEEDED", "DONE"}
_WENT_WRONG = {"FAILED", "CANCELLED", "ERROR"}


def dataproc_resource(settings: Settings) -> DataprocResource:
    """Dagster's Dataproc, in the region of `settings`."""
    return DataprocResource(
        project_id=settings.project,
        region=settings.dataproc_region,
        cluster_name=settings.dataproc_cluster,
        labels=LABELS,
    )


def dataproc_job(settings: Settings) -> dg.JobDefinition:
    """The job that lands what Kafka holds on Dataproc."""

    @dg.op(name="land")
    def land(
        context: dg.OpExecutionContext, config: LandingLaunch, dataproc: DataprocResource
    ) -> None:
        # A retry of this run asks for the same thing by the same name, and finds it.
        name = f"musicflow-landing-{context.run_id[:18]}"
        state = _submitted(settings, config, dataproc, name)
        context.add_output_metadata({"dataproc_id": name, "project": settings.project})
        if config.once:
            _wait(state, name)

    @dg.job(
        name=LAND,
        description="Runs landing on Dataproc: a batch without a cluster, or a job on "
        "MUSICFLOW_DATAPROC_CLUSTER. With `once` it waits until all is landed.",
        executor_def=dg.in_process_executor,
    )
    def land_on_dataproc() -> None:
        land()

    return land_on_dataproc


def _submitted(
    settings: Settings, launch: LandingLaunch, dataproc: DataprocResource, name: str
) -> Callable[[], dict[str, Any]]:
    """Ask for it; what tells its state from then on.

    Raises:
        UnavailableError: Dataproc refuses; it says what to grant or set.
    """
    jars = _jars(launch.package)
    environment = {
        "MUSICFLOW_LAKE": settings.lake,
        "MUSICFLOW_START": f"{settings.start:%Y-%m-%dT%H:%M:%SZ}",
    }
    client = _client(dataproc)
    if settings.dataproc_cluster:
        request = job_request(
            launch, jars, environment, cluster=settings.dataproc_cluster, job_id=name
        )
        # dagster-gcp has no types here.
        _asked(lambda: client.submit_job(request))  # type: ignore[no-untyped-call]
        return lambda: dict(_asked(lambda: client.get_job(name))["status"])  # type: ignore[no-untyped-call]
    batches = client.dataproc.projects().locations().batches()
    parent = f"projects/{settings.project}/locations/{settings.dataproc_region}"
    body = batch_request(launch, jars, environment)
    _asked(lambda: batches.create(parent=parent, batchId=name, body=body).execute())
    return lambda: dict(_asked(lambda: batches.get(name=f"{parent}/batches/{name}").execute()))


def _jars(package: str) -> list[str]:
    store = open_store(package)
    return [store.url(path) for path in store.list("jars")]


def _client(dataproc: DataprocResource) -> DataprocClient:
    try:
        return dataproc.get_client()
    except ApplicationDefaultCredentialsError as error:
        raise UnavailableError(f"no credentials of Google's were found: {_ADVICE[401]}") from error


def _asked(ask: Callable[[], Any]) -> Any:
    """What Dataproc answers; that a thing of this name stands already is no error."""
    try:
        return ask()
    except HttpError as error:
        status = int(error.resp.status)
        if status == _STANDS_ALREADY:
            return {}
        advice = _ADVICE.get(status, "see Dataproc's page in Google's console")
        raise UnavailableError(f"Dataproc refused ({status} {error.reason}): {advice}") from error


def _wait(state: Callable[[], dict[str, Any]], name: str) -> None:
    """Return when it has gone well.

    Raises:
        Failure: It has not.
    """
    while (now := state())["state"] not in _WENT_WELL:
        if now["state"] in _WENT_WRONG:
            why = now.get("stateMessage") or now.get("details") or "see its output in the console"
            raise dg.Failure(f"{name} is {now['state']}: {why}", allow_retries=False)
        time.sleep(LOOKS_EVERY_SECONDS)

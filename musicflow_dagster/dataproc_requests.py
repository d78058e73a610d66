"""What Dataproc is asked for: landing as a batch without a cluster, or as a job on one.

Pure functions; the names are those of Dataproc's REST API, version 1.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from contracts.errors import ConfigurationError
from contracts.secret_files import SECRETS

LABELS = {"app": "musicflow", "station": "landing"}
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|WEBHOOK|_KEY$", re.IGNORECASE)
_FILE = "_FILE"
"""What a variable ends with that names a file of a secret (contracts/secret_files.py)."""


class LandingLaunch(dg.Config):
    """Where landing's package is, what it lands, and what it may take."""

    package: str = Field(
        description="Bucket folder that `python -m streaming package` wrote: gs://bucket/landing."
    )
    checkpoints: str = Field(description="Bucket folder of the checkpoints; not in the lake.")
    kafka: str = Field(description="Addresses of Kafka, as host:port,host:port.")
    once: bool = Field(
        default=True, description="Land what Kafka holds now and end; otherwise go on for ever."
    )
    executors: int = Field(
        default=2, ge=1, description="Spark executors; a batch takes at least 2."
    )
    executor_cores: int = Field(default=4, ge=1, description="Cores of each executor.")
    environment: dict[str, str] = Field(
        default={}, description="More settings for landing, MUSICFLOW_… or KAFKA_…; no secrets."
    )
    properties: dict[str, str] = Field(default={}, description="More properties of Spark.")
    runtime_version: str = Field(default="3.0", description="Of a batch: Dataproc's runtime.")
    container_image: str = Field(
        default="", description="Of a batch: an image with landing's Python packages."
    )
    archive: str = Field(
        default="", description="On a cluster: a packed Python environment, gs://…/python.tar.gz."
    )
    service_account: str = Field(default="", description="Of a batch: who landing runs as.")
    subnetwork: str = Field(default="", description="Of a batch: where it can reach Kafka.")
    ttl_seconds: int = Field(default=86_400, ge=600, description="Of a batch: longest life.")


def batch_request(
    launch: LandingLaunch, jars: Sequence[str], settings: Mapping[str, str]
) -> dict[str, Any]:
    """The body of `projects.locations.batches.create`.

    Args:
        launch: What is asked for.
        jars: Kafka's jars, as URLs.
        settings: Landing's environment; `launch.environment` is added to it.

    Raises:
        ConfigurationError: A secret is among the settings: everybody may read a batch's.
    """
    environment = _environment(launch, settings)
    execution = {
        "serviceAccount": launch.service_account,
        "subnetworkUri": launch.subnetwork,
        "ttl": f"{launch.ttl_seconds}s",
    }
    runtime = {
        "version": launch.runtime_version,
        "containerImage": launch.container_image,
        "properties": _properties(launch, "spark.dataproc.driverEnv", environment),
    }
    return {
        "pysparkBatch": _program(launch, jars),
        "runtimeConfig": _given(runtime),
        "environmentConfig": {"executionConfig": _given(execution)},
        "labels": LABELS,
    }


def job_request(
    launch: LandingLaunch,
    jars: Sequence[str],
    settings: Mapping[str, str],
    *,
    cluster: str,
    job_id: str,
) -> dict[str, Any]:
    """The body of `projects.regions.jobs.submit`; `job_id` makes asking twice harmless.

    Raises:
        ConfigurationError: As of `batch_request`.
    """
    environment = _environment(launch, settings)
    # In the cluster's mode the driver is YARN's, whose environment can be set.
    properties = {"spark.submit.deployMode": "cluster"}
    if launch.archive:
        properties |= {"spark.pyspark.python": "./python/bin/python"}
    properties |= _properties(launch, "spark.yarn.appMasterEnv", environment)
    archives = {"archiveUris": [f"{launch.archive}#python"]} if launch.archive else {}
    job = {
        "reference": {"jobId": job_id},
        "placement": {"clusterName": cluster},
        "pysparkJob": _program(launch, jars) | archives | {"properties": properties},
        "labels": LABELS,
    }
    if not launch.once:
        # Dataproc starts a driver that failed again; landing goes on where it was.
        job["scheduling"] = {"maxFailuresPerHour": 10}
    return {"job": job, "requestId": job_id}


def _program(launch: LandingLaunch, jars: Sequence[str]) -> dict[str, Any]:
    package = launch.package.rstrip("/")
    return {
        "mainPythonFileUri": f"{package}/land.py",
        "args": ["--log-json", *(["--once"] if launch.once else [])],
        "pythonFileUris": [f"{package}/musicflow.zip"],
        "jarFileUris": list(jars),
    }


def _environment(launch: LandingLaunch, settings: Mapping[str, str]) -> dict[str, str]:
    environment = {
        **settings,
        "MUSICFLOW_CHECKPOINTS": launch.checkpoints,
        "KAFKA_BOOTSTRAP_SERVERS": launch.kafka,
        **launch.environment,
    }
    for name in environment:
        if _shows_a_secret(name):
            raise ConfigurationError(
                f"{name} is a secret, which Dataproc would show: give {name}_FILE, a file on "
                "landing's machines that only landing reads (docs/cloud.md)"
            )
    return environment


def _shows_a_secret(name: str) -> bool:
    if name.endswith(_FILE) and name.removesuffix(_FILE) in SECRETS:
        return False
    return name in SECRETS or bool(_SECRET.search(name))


def _properties(
    launch: LandingLaunch, driver: str, environment: Mapping[str, str]
) -> dict[str, str]:
    size = {
        "spark.dynamicAllocation.enabled": "false",
        "spark.executor.instances": str(launch.executors),
        "spark.executor.cores": str(launch.executor_cores),
    }
    for_driver = {f"{driver}.{name}": value for name, value in environment.items()}
    return {**size, **for_driver, **launch.properties}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}

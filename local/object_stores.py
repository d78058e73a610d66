"""Object stores on this machine: Google's as a fake in memory, Amazon's as MinIO.

Each is ready when its block begins, listens on loopback only, and ends with the block or with us.
Clients find them by the standard variables: STORAGE_EMULATOR_HOST, AWS_ENDPOINT_URL.
"""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from local import processes
from local.go_tools import FAKE_GCS, MINIO, installed

READY_SECONDS = 120
UNSET = ""
MINIO_USER = MINIO_PASSWORD = "musicflow-local"  # nosec B105  # noqa: S105  of a server on loopback  # pragma: allowlist secret


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Where an object store answers, and the variables that lead there."""

    endpoint: str
    environment: dict[str, str]


@contextmanager
def fake_gcs(cache: Path, log_file: Path) -> Iterator[ObjectStore]:
    """An empty fake of Google Cloud Storage, built below `cache` if it is not yet.

    Raises:
        UnavailableError: It cannot be built.
        StationFailedError: It does not start; what it said is in `log_file`.
    """
    program, port = installed(FAKE_GCS, cache), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [
        str(program), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port),
        "-public-host", f"127.0.0.1:{port}", "-external-url", endpoint,
        "-backend", "memory", "-log-level", "warn",
    ]  # fmt: skip
    with processes.running(command, os.environ, log_file) as server:
        health = f"{endpoint}/_internal/healthcheck"
        processes.wait_until(lambda: answers(health), server, log_file, READY_SECONDS)
        yield ObjectStore(endpoint, {"STORAGE_EMULATOR_HOST": endpoint})


@contextmanager
def minio(cache: Path, folder: Path, log_file: Path) -> Iterator[ObjectStore]:
    """A MinIO with its data in `folder`, built below `cache` if it is not yet.

    Raises:
        UnavailableError: It cannot be built.
        StationFailedError: It does not start; what it said is in `log_file`.
    """
    program, port = installed(MINIO, cache), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    secrets = {"MINIO_ROOT_USER": MINIO_USER, "MINIO_ROOT_PASSWORD": MINIO_PASSWORD}
    command = [str(program), "server", "--address", f"127.0.0.1:{port}",
               "--console-address", f"127.0.0.1:{free_port()}", str(folder)]  # fmt: skip
    with processes.running(command, os.environ | secrets, log_file) as server:
        health = f"{endpoint}/minio/health/live"
        processes.wait_until(lambda: answers(health), server, log_file, READY_SECONDS)
        yield ObjectStore(endpoint, s3_environment(endpoint, MINIO_USER, MINIO_PASSWORD))


def s3_environment(endpoint: str, user: str, password: str) -> dict[str, str]:
    """The standard variables that lead S3's clients to `endpoint`."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        # What the user's own shell may say of another S3.
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_SESSION_TOKEN": UNSET,
        "AWS_ACCESS_KEY_ID": user,
        "AWS_SECRET_ACCESS_KEY": password,
        "AWS_REGION": "us-east-1",
    }


def make_gcs_bucket(endpoint: str, name: str) -> None:
    """Make an empty bucket in the fake at `endpoint`."""
    body = json.dumps({"name": name}).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(f"{endpoint}/storage/v1/b?project=local", body, headers)  # noqa: S310  loopback
    with urlopen(request, timeout=60):  # nosec B310  # noqa: S310  as above
        pass


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    """Whether an HTTP server there says that all is well."""
    try:
        with urlopen(address, timeout=5):  # nosec B310  # noqa: S310  loopback
            return True
    except (OSError, http.client.HTTPException):
        return False

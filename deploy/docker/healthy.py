# ruff: noqa: INP001  a script of the images, in no package
"""Health checks for images without curl: the exit code says whether a service is well.

healthy.py http ADDRESS          the page answers with 200
healthy.py grpc HOST:PORT        the gRPC server says that it serves
healthy.py fresh FILE SECONDS    the file was written within the last so many seconds
"""

import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

PATIENCE = 8


def http(address: str) -> bool:
    """Whether a page answers with 200."""
    with build_opener(ProxyHandler({})).open(address, timeout=PATIENCE) as answer:
        return bool(answer.status == 200)


def grpc(address: str) -> bool:
    """Whether a gRPC server says of its Dagster service that it serves."""
    from grpc import RpcError, insecure_channel  # noqa: PLC0415  only Dagster's image has it
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415  as above

    with insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        question = health_pb2.HealthCheckRequest(service="DagsterApi")
        try:
            answer = stub.Check(question, timeout=PATIENCE)
        except RpcError as error:
            raise ConnectionError(f"{address}: {error}") from error
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def fresh(file: str, seconds: str) -> bool:
    """Whether a file was written within the last so many seconds."""
    return time.time() - Path(file).stat().st_mtime < float(seconds)


CHECKS = {"http": http, "grpc": grpc, "fresh": fresh}


def main(kind: str, *arguments: str) -> int:
    """The exit code; what went wrong is one line on stderr."""
    try:
        is_well = CHECKS[kind](*arguments)
    except (OSError, HTTPException) as error:
        print(f"unhealthy: {type(error).__name__}: {error}"[:500], file=sys.stderr)  # noqa: T201  for docker inspect
        return 1
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

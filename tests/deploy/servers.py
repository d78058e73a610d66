"""What is not ours in the compose file, as far as the same program exists here: Kafka, Postgres."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import psycopg
import pytest

from contracts.errors import UnavailableError
from local.go_tools import FAKE_GCS, installed
from local.postgres import VERSION, _programs, address_of, embedded_postgres
from streaming import broker_files
from streaming.children import start_child, stop_child
from streaming.jars import BROKER, jars
from streaming.java import java_home
from streaming.kafka import Cluster
from tests.deploy.compose import DOWNLOADS
from tests.deploy.processes import Container, Machine, quiet_port

FOR_JAVA = "KAFKA_HEAP_OPTS"
"""The one variable that the image's start script reads itself."""


@contextmanager
def kafka(container: Container, machine: Machine, folder: Path) -> Iterator[None]:
    """A broker from our jars, with the settings that the file gives to the image.

    The image makes a file of its variables: KAFKA_NODE_ID becomes node.id.
    """
    folder.mkdir()
    data = folder / "data"
    machine.replace("/var/lib/kafka/data", str(data))
    for port in ("19092", "9093", "9094"):
        machine.replace(rf"(?<=:){port}\b", str(quiet_port()))
    machine.replace(r"(INTERNAL|EXTERNAL|CONTROLLER)://:", r"\1://127.0.0.1:")
    machine.replace(r"\bkafka:", "127.0.0.1:")
    settings = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in container.environment.items()
        if name.startswith("KAFKA_") and name != FOR_JAVA
    }
    properties = folder / "server.properties"
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    address = re.findall(r"INTERNAL://([^,]+)", settings["advertised.listeners"])[0]
    files = broker_files.BrokerFiles(
        address, properties, folder / "log4j2.properties", data, folder / "broker.log"
    )
    files.logging.write_text(broker_files._logging(files.log))
    java = java_home()
    classpath = f"{jars(BROKER, DOWNLOADS, java)[0].parent}/*"
    made = broker_files.format_command(java, classpath, files)
    subprocess.run(made, check=True, capture_output=True)
    with container.log.open("ab") as output:
        command = broker_files.broker_command(java, classpath, files)
        container.process = start_child(command, output, folder)
    try:
        container.wait_for(lambda: _answers(address))
        yield
    finally:
        stop_child(container.process, 60)


def _answers(address: str) -> bool:
    try:
        Cluster(address, patience=1).partitions()
    except UnavailableError:
        return False
    return True


@contextmanager
def postgres(container: Container, machine: Machine, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with the options of the file's command, and what its script makes; its address.

    It listens in a folder, and takes its users without their passwords.
    """
    program, *options = container.command
    assert program == "postgres"
    patch.setenv("PATH", f"{_programs(VERSION)}:{os.environ['PATH']}")
    with (
        TemporaryDirectory(prefix="pg-", dir="/tmp") as folder,
        embedded_postgres(
            Path(folder), container.log, options=["-c", "fsync=off", *options]
        ) as address,
    ):
        sockets = unquote(address.partition("?host=")[2])
        machine.replace(r"@postgres:5432/(\w+)", rf"@/\1?host={sockets}")
        machine.replace(r"^127\.0\.0\.1$", sockets)
        administrator = address_of(Path(sockets), "postgres")
        # The script makes a database of this name itself.
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute("drop database musicflow")
        with container.log.open("ab") as output:
            subprocess.run(
                [machine.config("databases")],
                env=container.environment | {"PGHOST": sockets},
                stdout=output,
                stderr=output,
                check=True,
            )
        yield administrator


@contextmanager
def storage(container: Container, machine: Machine) -> Iterator[None]:
    """The fake of Google's storage, from the source of its image, by the file's command line."""
    machine.replace(r"(?<!\d)4443(?!\d)", str(quiet_port()))
    machine.replace(r"\bstorage:", "127.0.0.1:")
    machine.replace("^/bin/fake-gcs-server$", str(installed(FAKE_GCS, DOWNLOADS)))
    container.start()
    try:
        yield
    finally:
        container.remove()

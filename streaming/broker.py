"""A local Kafka broker without Docker: `python -m streaming.broker` runs it until it is stopped.

A single node in KRaft mode on 127.0.0.1, with a topic for each event; data, log and address
lie in `<home>/kafka`. Where KAFKA_BOOTSTRAP_SERVERS names a cluster, that one is used and only
gets the topics that it lacks.
"""

import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from contracts.errors import MusicFlowError, UnavailableError
from contracts.events import EVENTS_BY_NAME
from contracts.logs import configure_logs, log
from contracts.store import disk_error
from streaming import broker_files
from streaming.children import start_child, stop_child
from streaming.jars import BROKER, jars
from streaming.java import java_home
from streaming.kafka import Cluster
from streaming.settings import BrokerSettings

READY_WITHIN = 60.0
STOPS_WITHIN = 20.0
ADDRESS_FILE = "address"


@contextmanager
def running_broker(settings: BrokerSettings) -> Iterator[tuple[str, subprocess.Popen]]:
    """A broker that is ready, as its address and process; it is stopped at the end.

    Raises:
        UnavailableError: No Java or jars, a busy port, a second broker on the same folder, no
            room on the disk.
    """
    folder = settings.broker_home
    with _only_broker_of(folder):
        java = java_home()
        files = broker_files.prepare(folder, settings.port, settings.partitions)
        classpath = f"{jars(BROKER, settings.cache, java)[0].parent}/*"
        _format_storage(java, classpath, files)
        with files.log.open("ab") as output:
            command = broker_files.broker_command(java, classpath, files)
            process = start_child(command, output, folder)
        try:
            _await_ready(process, files)
            Cluster(files.address).create_missing(EVENTS_BY_NAME, settings.partitions)
            (folder / ADDRESS_FILE).write_text(files.address + "\n")
            yield files.address, process
        finally:
            (folder / ADDRESS_FILE).unlink(missing_ok=True)
            stop_child(process, STOPS_WITHIN)


def local_address(folder: Path) -> str:
    """The address of the broker that runs on this folder.

    Raises:
        UnavailableError: None runs.
    """
    try:
        return (folder / ADDRESS_FILE).read_text().strip()
    except FileNotFoundError as error:
        raise UnavailableError(
            "no local Kafka broker is running: start one with `python -m streaming.broker`, "
            "or set KAFKA_BOOTSTRAP_SERVERS"
        ) from error


@contextmanager
def _only_broker_of(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise disk_error(error, folder) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                f"a broker already runs on {folder}: use it, or give another --home"
            ) from error
        yield


def _format_storage(java: Path, classpath: str, files: broker_files.BrokerFiles) -> None:
    """Make the data folder a KRaft one, unless it is."""
    if (files.data / "meta.properties").exists():
        return
    command = broker_files.format_command(java, classpath, files)
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        said = (answer.stderr or answer.stdout).strip().splitlines() or ["no word"]
        raise UnavailableError(f"Kafka could not prepare {files.data}: {said[0][:300]}")


def _await_ready(process: subprocess.Popen, files: broker_files.BrokerFiles) -> None:
    cluster = Cluster(files.address, patience=1)
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _died(files.log)
        try:
            cluster.partitions()
        except UnavailableError:
            continue
        return
    raise UnavailableError(f"Kafka was not ready in {READY_WITHIN:.0f} s: see {files.log}")


def _died(log_file: Path) -> UnavailableError:
    return UnavailableError(f"Kafka has stopped: {broker_files.last_problem(log_file)}")


def _run(settings: BrokerSettings) -> None:
    """Run the broker until we are interrupted, or it dies."""
    began = time.monotonic()
    try:
        with running_broker(settings) as (address, process):
            log.info("broker ready", address=address, seconds=round(time.monotonic() - began, 1))
            process.wait()
            raise _died(settings.broker_home / broker_files.LOG)
    except KeyboardInterrupt:
        log.info("broker stopped", seconds=round(time.monotonic() - began, 1))


def _create_topics(settings: BrokerSettings) -> None:
    address = settings.kafka or local_address(settings.broker_home)
    cluster = Cluster(address, security=settings.security)
    created = cluster.create_missing(EVENTS_BY_NAME, settings.partitions)
    log.info("topics stand", address=address, created=len(created), topics=len(EVENTS_BY_NAME))


@click.command()
@click.option("--port", type=int, help="Port of the broker; 0: any free one. [default: 9092]")
@click.option("--home", type=click.Path(path_type=Path), help="Work folder (MUSICFLOW_HOME).")
@click.option("--partitions", type=int, help="Partitions of a new topic. [default: 4]")
@click.option("--topics-only", is_flag=True, help="Start nothing; create the missing topics.")
def main(*, port: int | None, home: Path | None, partitions: int | None, topics_only: bool) -> None:
    """Run a local Kafka broker until SIGTERM or Ctrl-C.

    Where KAFKA_BOOTSTRAP_SERVERS is set nothing is started; missing topics are created there.
    """
    configure_logs()
    # Both mean the same here, whatever is being done; the process may have inherited neither.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.default_int_handler)
    try:
        settings = BrokerSettings.read(port=port, home=home, partitions=partitions)
        if topics_only or settings.kafka:
            _create_topics(settings)
        else:
            _run(settings)
    except MusicFlowError as error:
        click.echo(f"broker: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

"""The local broker's files and command lines."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.store import disk_error

HOST = "127.0.0.1"
LOG = "broker.log"
_TAIL = 64 * 1024
# Any 16 bytes in base64 will do for a cluster of one node that meets no other.
_CLUSTER_ID = "bXVzaWNmbG93LWxvY2FsLQ"


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """What a broker is started with."""

    address: str
    properties: Path
    logging: Path
    data: Path
    log: Path


def prepare(folder: Path, port: int, partitions: int) -> BrokerFiles:
    """Write the broker's configuration to `folder`; `port` 0 takes a free one.

    Raises:
        UnavailableError: The port is busy, or the folder can't be written.
    """
    port = _free_port(port)
    files = BrokerFiles(
        address=f"{HOST}:{port}",
        properties=folder / "server.properties",
        logging=folder / "log4j2.properties",
        data=folder / "data",
        log=folder / LOG,
    )
    try:
        files.properties.write_text(_properties(port, _free_port(0), files.data, partitions))
        files.logging.write_text(_logging(files.log))
    except OSError as error:
        raise disk_error(error, folder) from error
    return files


def format_command(java: Path, classpath: str, files: BrokerFiles) -> list[str | Path]:
    """What makes the data folder a KRaft one."""
    return [
        *_java(java, classpath, files), "kafka.tools.StorageTool", "format", "--ignore-formatted",
        "-t", _CLUSTER_ID, "-c", files.properties,
    ]  # fmt: skip


def broker_command(java: Path, classpath: str, files: BrokerFiles) -> list[str | Path]:
    """What runs the broker."""
    return [*_java(java, classpath, files), "kafka.Kafka", files.properties]


def last_problem(log: Path) -> str:
    """The newest error in the broker's log, as far as one line can tell it."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    if any("No space left on device" in line for line in lines):
        return f"the disk is full: make room, then start again (see {log})"
    problems = [line for line in lines if " ERROR " in line or " FATAL " in line]
    return f"{problems[-1][:300] if problems else 'without an error'} (see {log})"


def _java(java: Path, classpath: str, files: BrokerFiles) -> list[str | Path]:
    return [
        java / "bin/java", "-Xmx512m", "-XX:+UseSerialGC",
        f"-Dlog4j2.configurationFile={files.logging}", "-cp", classpath,
    ]  # fmt: skip


def _free_port(port: int) -> int:
    """`port` if nobody listens there; any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise UnavailableError(
                f"port {port} is taken: stop what listens there, or give another --port (0: any)"
            ) from error
        return int(probe.getsockname()[1])


def _properties(port: int, controller_port: int, data: Path, partitions: int) -> str:
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}
advertised.listeners=PLAINTEXT://{HOST}:{port}
log.dirs={data}
num.partitions={partitions}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def _logging(log: Path) -> str:
    return f"""\
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{ISO8601}} %p %c{{1}}: %m%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=20MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=INFO
rootLogger.appenderRef.file.ref=file
"""

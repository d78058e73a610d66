"""A broker with deploy/kafka/server.properties, on addresses and folders of a test's own."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.kafka_security import KafkaSecurity
from streaming import broker, broker_files
from streaming.kafka import Cluster
from streaming.settings import BrokerSettings
from tests.streaming.secured_broker import make_certificates, sign, started

ROOT = Path(__file__).parents[2]
PROPERTIES = ROOT / "deploy" / "kafka" / "server.properties"


@dataclass(frozen=True, slots=True)
class GuardedBroker:
    """Where it listens, for clients and for its own."""

    clients: str
    internal: str
    certificates: Path

    @property
    def as_admin(self) -> dict[str, str]:
        """The environment of who may do everything."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.internal,
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CA_LOCATION": str(self.certificates / "ca.crt"),
            "KAFKA_SSL_CERTIFICATE_LOCATION": str(self.certificates / "admin.crt"),
            "KAFKA_SSL_KEY_LOCATION": str(self.certificates / "admin.key"),
        }

    def as_user(self, name: str, password_file: Path) -> dict[str, str]:
        """The environment of a user with a password."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.clients,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": name,
            "KAFKA_SASL_PASSWORD_FILE": str(password_file),
            "KAFKA_SSL_CA_LOCATION": str(self.certificates / "ca.crt"),
        }


@contextmanager
def guarded_broker(settings: BrokerSettings) -> Iterator[GuardedBroker]:
    """A broker that knows no user yet; it is stopped at the end."""
    folder = settings.broker_home
    folder.mkdir(parents=True)
    make_certificates(folder)
    sign(folder, "admin")
    files = broker_files.prepare(folder, 0, settings.partitions)
    running = _configure(files, folder)
    with started(settings, files) as process:
        _await_ready(process, running, files.log)
        yield running


def _await_ready(process: subprocess.Popen, running: GuardedBroker, log: Path) -> None:
    security = KafkaSecurity.read(running.as_admin)
    cluster = Cluster(running.internal, patience=1, security=security)
    deadline = time.monotonic() + broker.READY_WITHIN
    while True:
        try:
            cluster.partitions()
        except UnavailableError:
            assert process.poll() is None, broker_files.last_problem(log)
            assert time.monotonic() < deadline, broker_files.last_problem(log)
        else:
            return


def _configure(files: broker_files.BrokerFiles, folder: Path) -> GuardedBroker:
    """The example's lines, but for where things are."""
    clients, internal, controller = (
        f"{broker_files.HOST}:{broker_files._free_port(0)}" for _ in range(3)
    )
    places = {
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": files.data,
        "listeners": f"CLIENTS://{clients},INTERNAL://{internal},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENTS://{clients},INTERNAL://{internal}",
        "ssl.keystore.location": folder / "broker.both",
        "ssl.truststore.location": folder / "ca.crt",
    }
    lines = [line for line in PROPERTIES.read_text().splitlines() if "=" in line]
    kept = [line for line in lines if line.partition("=")[0] not in places]
    assert len(lines) - len(kept) == len(places)
    new = [f"{name}={place}" for name, place in places.items()]
    files.properties.write_text("\n".join([*kept, *new]) + "\n")
    return GuardedBroker(clients, internal, folder)

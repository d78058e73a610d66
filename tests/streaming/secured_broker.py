"""A broker that asks for TLS, a client's certificate, and SASL/SCRAM; for tests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from streaming import broker, broker_files
from streaming.children import start_child, stop_child
from streaming.jars import BROKER, jars
from streaming.java import java_home
from streaming.settings import BrokerSettings

USER = "listener"
# What the options of two clients and a JAAS line could stumble over.
PASSWORD = "5e\"c\\ret;'#$%é"  # pragma: allowlist secret
KEY_PASSWORD = "of the key"  # pragma: allowlist secret

_LISTENERS = """
listeners=PLAINTEXT://{open},CONTROLLER://{controller},SECURED://{secured}
advertised.listeners=PLAINTEXT://{open},SECURED://{secured}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secured.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secured.ssl.client.auth=required
listener.name.secured.ssl.keystore.type=PEM
listener.name.secured.ssl.keystore.location={certificates}/broker.both
listener.name.secured.ssl.truststore.type=PEM
listener.name.secured.ssl.truststore.location={certificates}/ca.crt
"""


@dataclass(frozen=True, slots=True)
class SecuredBroker:
    """Where it listens, and what a client needs."""

    address: str
    certificates: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a client's environment says."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.address,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD": PASSWORD,
            "KAFKA_SSL_CA_LOCATION": str(self.certificates / "ca.crt"),
            "KAFKA_SSL_CERTIFICATE_LOCATION": str(self.certificates / "client.crt"),
            "KAFKA_SSL_KEY_LOCATION": str(self.certificates / "client.key"),
            "KAFKA_SSL_KEY_PASSWORD": KEY_PASSWORD,
        }


@contextmanager
def secured_broker(settings: BrokerSettings) -> Iterator[SecuredBroker]:
    """A secured broker that is ready, without topics; it is stopped at the end."""
    folder = settings.broker_home
    folder.mkdir(parents=True)
    make_certificates(folder)
    files = broker_files.prepare(folder, 0, settings.partitions)
    address = _secure(files)
    with started(settings, files) as process:
        broker._await_ready(process, files)
        _let_in(files.address)
        yield SecuredBroker(address, folder)


@contextmanager
def started(
    settings: BrokerSettings, files: broker_files.BrokerFiles
) -> Iterator[subprocess.Popen]:
    """A broker's process with these files, ready or not; it is stopped at the end."""
    java = java_home()
    classpath = f"{jars(BROKER, settings.cache, java)[0].parent}/*"
    formatting = broker_files.format_command(java, classpath, files)
    subprocess.run(formatting, check=True, capture_output=True)
    with files.log.open("ab") as output:
        command = broker_files.broker_command(java, classpath, files)
        process = start_child(command, output, settings.broker_home)
    try:
        yield process
    finally:
        stop_child(process, broker.STOPS_WITHIN)


def _let_in(address: str) -> None:
    """Create the user, through the listener that asks for nothing."""
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    order = UserScramCredentialUpsertion(USER, scram, PASSWORD.encode())
    admin = AdminClient({"bootstrap.servers": address})
    for answer in admin.alter_user_scram_credentials([order]).values():
        answer.result(10)


def make_certificates(folder: Path) -> None:
    """An authority, and what it has signed: a broker's certificate and a client's."""
    _openssl(
        folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt",
    )  # fmt: skip
    sign(folder, "broker")
    sign(folder, "client")
    _openssl(
        folder, "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-passout", f"pass:{KEY_PASSWORD}",
        "-in", "client.key", "-out", "client.locked",
    )  # fmt: skip
    (folder / "client.locked").replace(folder / "client.key")
    both = (folder / "broker.key").read_text() + (folder / "broker.crt").read_text()
    (folder / "broker.both").write_text(both)


def sign(folder: Path, name: str) -> None:
    (folder / "extensions").write_text(f"subjectAltName=IP:{broker_files.HOST}\n")
    _openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes",
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
    )  # fmt: skip
    _openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-days", "2", "-extfile", "extensions",
        "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.crt",
    )  # fmt: skip


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _secure(files: broker_files.BrokerFiles) -> str:
    """Add the secured listener to the broker's configuration; its address."""
    written = files.properties.read_text()
    lines = [line for line in written.splitlines() if "listeners=" not in line]
    controller = written.partition("@")[2].partition("\n")[0]
    secured = f"{broker_files.HOST}:{broker_files._free_port(0)}"
    listeners = _LISTENERS.format(
        open=files.address, controller=controller, secured=secured, certificates=files.log.parent
    )
    files.properties.write_text("\n".join(lines) + listeners)
    return secured

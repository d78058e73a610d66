"""How clients prove themselves to a secured Kafka, for the native client and for Java's.

Declared once, because every station must reach the same cluster. Secrets are read from the
environment, or files that it names, and are shown nowhere: not by `repr`, not in errors.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from pydantic import SecretStr

from contracts.errors import ConfigurationError
from contracts.secret_files import secret

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
"""The supported mechanisms, and the Java class behind each."""

SASL = ("KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD")
CERTIFICATE = "KAFKA_SSL_CERTIFICATE_LOCATION"
KEY = "KAFKA_SSL_KEY_LOCATION"
KEY_PASSWORD = "KAFKA_SSL_KEY_PASSWORD"  # nosec B105  # noqa: S105 - a variable's name  # pragma: allowlist secret
CA = "KAFKA_SSL_CA_LOCATION"
TLS = (CA, CERTIFICATE, KEY, KEY_PASSWORD)

PKCS8 = ("BEGIN PRIVATE KEY", "BEGIN ENCRYPTED PRIVATE KEY")  # pragma: allowlist secret
"""The only kinds of key files that Java's client reads."""

NO_SECRET = SecretStr("")

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class KafkaSecurity:
    """What a client needs to be let in. Files are PEM."""

    protocol: str = "PLAINTEXT"
    mechanism: str = ""
    username: str = ""
    password: SecretStr = NO_SECRET
    ca: Path | None = None
    """The authorities that may have signed the broker's certificate; None: the system's."""
    certificate: Path | None = None
    """Our own certificate, with its chain."""
    key: Path | None = None
    key_password: SecretStr = NO_SECRET

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """What the environment says; an empty variable is an absent one.

        Raises:
            ConfigurationError: Variables contradict each other, or a file is missing or wrong.
        """
        secrets = {name: secret(environment, name) for name in (SASL[-1], KEY_PASSWORD)}
        said = {name: value for name, value in {**environment, **secrets}.items() if value}
        security = cls(
            protocol=said.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT").upper(),
            mechanism=said.get("KAFKA_SASL_MECHANISM", "").upper(),
            username=said.get("KAFKA_SASL_USERNAME", ""),
            password=SecretStr(said.get("KAFKA_SASL_PASSWORD", "")),
            ca=_path(said, CA),
            certificate=_path(said, CERTIFICATE),
            key=_path(said, KEY),
            key_password=SecretStr(said.get(KEY_PASSWORD, "")),
        )
        _check_protocol(security, said)
        if security.sasl:
            _check_sasl(security, said)
        if security.tls:
            _check_files(security)
        return security

    @property
    def sasl(self) -> bool:
        """Whether a user name and a password are asked for."""
        return self.protocol.startswith("SASL_")

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol.endswith("SSL")

    def as_librdkafka(self, *, by_content: bool = False) -> dict[str, str]:
        """Options of confluent_kafka's clients; the password is among them.

        Certificates are named by their files, or given `by_content`, for other machines.
        """
        if self == KafkaSecurity():
            return {}
        options = {"security.protocol": self.protocol}
        if self.sasl:
            options["sasl.mechanism"] = self.mechanism
            options["sasl.username"] = self.username
            options["sasl.password"] = self.password.get_secret_value()
        files = (("ca", CA, self.ca), ("certificate", CERTIFICATE, self.certificate),
                 ("key", KEY, self.key))  # fmt: skip
        for name, variable, file in files:
            if file and by_content:
                options[f"ssl.{name}.pem"] = _text(variable, file)
            elif file:
                options[f"ssl.{name}.location"] = str(file)
        if self.key_password:
            options["ssl.key.password"] = self.key_password.get_secret_value()
        return options

    def as_java(self) -> dict[str, str]:
        """Options of Java's clients; the password is among them.

        Certificates are given by content, so that no other machine needs the files.
        """
        if self == KafkaSecurity():
            return {}
        options = {"security.protocol": self.protocol}
        if self.sasl:
            options["sasl.mechanism"] = self.mechanism
            options["sasl.jaas.config"] = self._jaas()
        if self.ca:
            options["ssl.truststore.type"] = "PEM"
            options["ssl.truststore.certificates"] = _text(CA, self.ca)
        if self.certificate and self.key:
            options["ssl.keystore.type"] = "PEM"
            options["ssl.keystore.certificate.chain"] = _text(CERTIFICATE, self.certificate)
            options["ssl.keystore.key"] = _text(KEY, self.key)
        if self.key_password:
            options["ssl.key.password"] = self.key_password.get_secret_value()
        return options

    def _jaas(self) -> str:
        username = self.username.translate(_ESCAPES)
        password = self.password.get_secret_value().translate(_ESCAPES)
        module = LOGIN_MODULES[self.mechanism]
        return f'{module} required username="{username}" password="{password}";'


class ClientError(Protocol):
    """A `confluent_kafka.KafkaError`, as far as it is needed here."""

    def name(self) -> str:
        """What kind it is, such as `_AUTHENTICATION`."""

    def str(self) -> str:
        """What happened."""


class Refusal:
    """Keeps the last reason why no connection came about; made to be a client's `error_cb`.

    A client whose password is wrong goes on trying, and its calls only say that time is up.
    """

    def __init__(self) -> None:
        """Begin without a reason."""
        self._advice = ""

    def __call__(self, error: ClientError) -> None:
        """Take note of what a client complains of."""
        if error.name() == "_AUTHENTICATION":
            self._advice = f"check {', '.join(SASL)} ({error.str()})"
        elif error.name() == "_SSL":
            self._advice = f"check KAFKA_SECURITY_PROTOCOL and {CA} ({error.str()})"

    def advice(self) -> str:
        """What happened since the last question, and what to check; empty if nothing did."""
        advice, self._advice = self._advice, ""
        return advice


def _path(said: Mapping[str, str], name: str) -> Path | None:
    return Path(said[name]).absolute() if name in said else None


def _check_protocol(security: KafkaSecurity, said: Mapping[str, str]) -> None:
    if security.protocol not in PROTOCOLS:
        raise ConfigurationError(f"KAFKA_SECURITY_PROTOCOL must be one of {', '.join(PROTOCOLS)}")
    unused = [] if security.sasl else [name for name in SASL if name in said]
    unused += [] if security.tls else [name for name in TLS if name in said]
    if unused:
        wanted = "a SASL_ one" if unused[0] in SASL else "SSL or SASL_SSL"
        raise ConfigurationError(
            f"{unused[0]} is set, but KAFKA_SECURITY_PROTOCOL is {security.protocol}: "
            f"make it {wanted}, or unset {unused[0]}"
        )


def _check_sasl(security: KafkaSecurity, said: Mapping[str, str]) -> None:
    for name in SASL:
        if name not in said:
            raise ConfigurationError(f"KAFKA_SECURITY_PROTOCOL {security.protocol} needs {name}")
    if security.mechanism not in LOGIN_MODULES:
        raise ConfigurationError(f"KAFKA_SASL_MECHANISM must be one of {', '.join(LOGIN_MODULES)}")


def _check_files(security: KafkaSecurity) -> None:
    """Read the files as a client would, so that what is wrong with them is told here."""
    context = ssl.create_default_context()
    if security.ca:
        try:
            context.load_verify_locations(cadata=_text(CA, security.ca))
        except (ssl.SSLError, ValueError) as error:
            raise ConfigurationError(f"{CA}: {security.ca} holds no PEM certificates") from error
    if (security.certificate is None) != (security.key is None):
        raise ConfigurationError(f"{CERTIFICATE} and {KEY} go together: set both, or none")
    if security.certificate and security.key:
        _check_key(security, security.certificate, security.key, context)


def _check_key(
    security: KafkaSecurity, certificate: Path, key: Path, context: ssl.SSLContext
) -> None:
    _text(CERTIFICATE, certificate)
    if not any(kind in _text(KEY, key) for kind in PKCS8):
        raise ConfigurationError(
            f"{KEY}: {key} is no PKCS#8 key, which Java needs: convert it with "
            "`openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in OLD -out NEW`"
        )
    try:
        # As a function, since without a password the terminal would be asked for one.
        context.load_cert_chain(certificate, key, security.key_password.get_secret_value)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"{CERTIFICATE} and {KEY} don't fit together, or {KEY_PASSWORD} is wrong"
        ) from error


def _text(name: str, file: Path) -> str:
    try:
        # PEM is ASCII; what else such a file may hold are comments.
        return file.read_text(encoding="ascii", errors="ignore")
    except OSError as error:
        raise ConfigurationError(f"{name}: {file} can't be read ({error.strerror})") from error

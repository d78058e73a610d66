"""What the environment says about a secured Kafka, for both kinds of clients; secrets stay so."""

import subprocess
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from contracts.kafka_security import KafkaSecurity, Refusal

PASSWORD = 'se"cr\\et'
SASL = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "listener",
    "KAFKA_SASL_PASSWORD": PASSWORD,
}


@pytest.fixture(scope="module")
def pem(tmp_path_factory) -> Path:
    """A folder with a certificate, its key, the key with a password, and an old-fashioned one."""
    folder = tmp_path_factory.mktemp("pem")
    made = [
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=us -keyout key -out certificate",
        "pkcs8 -topk8 -v2 aes-256-cbc -passout pass:open -in key -out locked",
        "rsa -in key -out old -traditional",
    ]
    for each in made:
        subprocess.run(["openssl", *each.split()], cwd=folder, check=True, capture_output=True)
    return folder


def test_nothing_said_is_nothing_asked_of_a_client():
    security = KafkaSecurity.read({"KAFKA_SASL_PASSWORD": "", "HOME": "x"})

    assert security == KafkaSecurity()
    assert (security.as_librdkafka(), security.as_java()) == ({}, {})


def test_both_clients_get_the_user_and_the_password():
    security = KafkaSecurity.read(SASL)

    assert security.as_librdkafka() == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "listener",
        "sasl.password": PASSWORD,
    }
    assert security.as_java() == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        r'username="listener" password="se\"cr\\et";',  # pragma: allowlist secret
    }


@pytest.mark.parametrize(
    ("password", "written"),
    [
        pytest.param('x"; evil required y="', r"x\"; evil required y=\"", id="end of the value"),
        pytest.param("x\\", r"x\\", id="backslash"),
        pytest.param("x\ny\r", r"x\ny\r", id="line breaks"),
    ],
)
def test_no_password_ends_its_own_quotes(password, written):
    jaas = KafkaSecurity.read(SASL | {"KAFKA_SASL_PASSWORD": password}).as_java()[
        "sasl.jaas.config"
    ]

    assert jaas.endswith(f' password="{written}";')


def test_java_gets_certificates_by_content_and_the_native_client_by_place(pem):
    security = KafkaSecurity.read(
        {
            "KAFKA_SECURITY_PROTOCOL": "ssl",
            "KAFKA_SSL_CA_LOCATION": str(pem / "certificate"),
            "KAFKA_SSL_CERTIFICATE_LOCATION": str(pem / "certificate"),
            "KAFKA_SSL_KEY_LOCATION": str(pem / "locked"),
            "KAFKA_SSL_KEY_PASSWORD": "open",  # pragma: allowlist secret
        }
    )

    assert security.as_librdkafka() == {
        "security.protocol": "SSL",
        "ssl.ca.location": str(pem / "certificate"),
        "ssl.certificate.location": str(pem / "certificate"),
        "ssl.key.location": str(pem / "locked"),
        "ssl.key.password": "open",  # pragma: allowlist secret
    }
    certificate = (pem / "certificate").read_text()
    assert security.as_java() == {
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": certificate,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": certificate,
        "ssl.keystore.key": (pem / "locked").read_text(),
        "ssl.key.password": "open",  # pragma: allowlist secret
    }


def test_a_bundle_of_authorities_may_have_comments_in_any_language(pem, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.write_text("# Autorité\n" + (pem / "certificate").read_text(), encoding="utf-8")

    KafkaSecurity.read({"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CA_LOCATION": str(bundle)})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL must be one of PLAINTEXT"),
        ({"KAFKA_SECURITY_PROTOCOL": ""}, "KAFKA_SASL_MECHANISM is set, but .* is PLAINTEXT"),
        ({"KAFKA_SASL_USERNAME": ""}, "SASL_SSL needs KAFKA_SASL_USERNAME"),
        ({"KAFKA_SASL_PASSWORD": ""}, "SASL_SSL needs KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM must be one of PLAIN, SCRAM"),
        ({"KAFKA_SSL_CA_LOCATION": "{pem}/none"}, "/none can't be read .No such file"),
        ({"KAFKA_SSL_CA_LOCATION": "{pem}"}, "can't be read .Is a directory"),
        ({"KAFKA_SSL_CA_LOCATION": "{pem}/key"}, "/key holds no PEM certificates"),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SSL_CA_LOCATION": "x"},
            "KAFKA_SSL_CA_LOCATION is set, but KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT",
        ),
        ({"KAFKA_SSL_KEY_LOCATION": "{pem}/key"}, "go together"),
    ],
)
def test_what_does_not_fit_together_is_one_clear_line(pem, changes, said):
    changes = {name: value.format(pem=pem) for name, value in changes.items()}

    with pytest.raises(ConfigurationError, match=said) as caught:
        KafkaSecurity.read(SASL | changes)

    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "password", "said"),
    [
        ("locked", "wrong", "KAFKA_SSL_KEY_PASSWORD is wrong"),
        ("locked", "", "KAFKA_SSL_KEY_PASSWORD is wrong"),
        ("old", "", "no PKCS#8 key, which Java needs"),
        ("none", "", "can't be read"),
    ],
)
def test_a_key_that_a_client_could_not_use_is_refused_at_once(pem, key, password, said):
    environment = {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CERTIFICATE_LOCATION": str(pem / "certificate"),
        "KAFKA_SSL_KEY_LOCATION": str(pem / key),
        "KAFKA_SSL_KEY_PASSWORD": password,
    }

    with pytest.raises(ConfigurationError, match=said):
        KafkaSecurity.read(environment)


def test_secrets_are_not_shown():
    shown = repr(KafkaSecurity.read(SASL)) + str(KafkaSecurity.read(SASL))

    assert "listener" in shown
    assert "cr" not in shown.replace("SecretStr", "").replace("SCRAM", "")


class Complaint:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name

    def str(self) -> str:
        return "what happened"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("_AUTHENTICATION", "KAFKA_SASL_PASSWORD (what happened)"),
        ("_SSL", "KAFKA_SSL_CA_LOCATION (what happened)"),
    ],
)
def test_a_refusal_is_told_once(name, said):
    refusal = Refusal()
    refusal(Complaint(name))
    refusal(Complaint("_TRANSPORT"))

    assert refusal.advice().endswith(said)
    assert refusal.advice() == ""

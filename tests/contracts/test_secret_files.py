"""A secret stands in its variable, or in a file that another variable names; never in a message."""

from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from contracts.kafka_security import KafkaSecurity
from contracts.postgres import PostgresUrl
from contracts.secret_files import SECRETS, secret
from contracts.webhook import Webhook
from dashboard.settings import Settings as DashboardSettings
from musicflow_dagster.settings import read_settings

NAME = "MUSICFLOW_PSEUDONYM_KEY"


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "secret"


@pytest.fixture
def no_secrets(monkeypatch):
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


@pytest.mark.parametrize(
    ("content", "meant"),
    [
        pytest.param("abc", "abc", id="without a line break"),
        pytest.param("abc\n", "abc", id="with one"),
        pytest.param("abc\r\n", "abc", id="with one of Windows"),
        pytest.param(" a b \n\n", " a b \n", id="with spaces and a break of its own"),
    ],
)
def test_a_file_says_what_its_variable_would(file, content, meant):
    file.write_bytes(content.encode())

    assert secret({f"{NAME}_FILE": str(file)}, NAME) == meant


def test_without_a_file_the_variable_says_it():
    assert secret({NAME: "abc", f"{NAME}_FILE": ""}, NAME) == "abc"
    assert secret({}, NAME) == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(None, r"secret can't be read \(No such file or directory\)", id="no file"),
        pytest.param(b"\xff\xfepassphrase", "holds no text", id="bytes"),
        pytest.param(b"\n", "is empty", id="nothing in it"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(file, content, told):
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigurationError, match=f"^{NAME}_FILE: .*{told}") as refused:
        secret({f"{NAME}_FILE": str(file)}, NAME)

    assert refused.value.__cause__ is None or isinstance(refused.value.__cause__, OSError)


def test_a_secret_that_is_said_twice_is_refused_and_not_told(file):
    with pytest.raises(ConfigurationError, match="both set") as refused:
        secret({NAME: "passphrase", f"{NAME}_FILE": str(file)}, NAME)

    assert "passphrase" not in str(refused.value)


def test_the_clients_of_kafka_take_their_passwords_from_files(file):
    file.write_text("of the user\n")
    said = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "landing",
        "KAFKA_SASL_PASSWORD_FILE": str(file),
    }

    assert KafkaSecurity.read(said).password.get_secret_value() == "of the user"


def test_addresses_that_are_secret_come_from_files(file):
    file.write_text("https://hooks.example.com/T0\n")
    assert Webhook.read({"MUSICFLOW_ALERT_WEBHOOK_FILE": str(file)}) == Webhook(
        "https://hooks.example.com/T0"
    )
    file.write_text("postgresql://db.example/music\n")
    assert PostgresUrl.read({"POSTGRES_URL_FILE": str(file)}) == PostgresUrl(
        "postgresql://db.example/music"
    )


@pytest.mark.usefixtures("no_secrets")
def test_settings_take_their_secrets_from_files(file, monkeypatch):
    file.write_text("postgresql://db.example/music\n")
    for name in (NAME, "POSTGRES_URL", "MUSICFLOW_DASHBOARD_PASSWORD"):
        monkeypatch.setenv(f"{name}_FILE", str(file))
    pages = DashboardSettings.read()

    found = (read_settings().pseudonym_key, pages.postgres_url, pages.password)
    assert [each.get_secret_value() for each in found if each] == [file.read_text().strip()] * 3


@pytest.mark.usefixtures("no_secrets")
@pytest.mark.parametrize(
    ("name", "read"),
    [
        pytest.param(NAME, read_settings, id="the warehouse's key"),
        pytest.param("MUSICFLOW_DASHBOARD_PASSWORD", DashboardSettings.read, id="the pages'"),
    ],
)
def test_settings_refuse_a_secret_that_is_said_twice(name, read, file, monkeypatch):
    monkeypatch.setenv(name, "passphrase")
    monkeypatch.setenv(f"{name}_FILE", str(file))

    with pytest.raises(ConfigurationError, match="both set"):
        read()

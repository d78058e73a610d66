"""What stations are told, worked out as Terraform does, and read as they read it."""

import re
import tomllib
from typing import Any

import pytest

from contracts.kafka_security import SASL, KafkaSecurity
from local import infra
from local.infra_tables import declared, text
from musicflow_dagster.dataproc_requests import LandingLaunch
from streaming.jars import SPARK_KAFKA
from tests.deploy.compose import ROOT
from tests.deploy.terraform import DOWNLOADS, worked_out

pytestmark = pytest.mark.integration

PASSWORD = SASL[-1]
GOOGLES = {"uses_managed_kafka": True, "kafka_user": "landing@example.com"}
WITH_USERS = {
    "kafka_has_passwords": True,
    "kafka_has_tls": True,
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_user": "landing",
}


@pytest.fixture(scope="module")
def files():
    """What the files say, by their path."""
    return infra.parsed(DOWNLOADS)


def told(whom: str, **variables: object) -> Any:
    """The environment of landing, or of everybody."""
    return worked_out(f"local.{whom}", "settings", "main.tf", kafka="k:9093", **variables)


@pytest.mark.parametrize(
    ("kafka", "protocol", "mechanism"),
    [
        pytest.param(GOOGLES, "SASL_SSL", "PLAIN", id="Google's"),
        pytest.param(WITH_USERS, "SASL_SSL", "SCRAM-SHA-512", id="with users"),
        pytest.param(
            WITH_USERS | {"kafka_has_tls": False}, "SASL_PLAINTEXT", "SCRAM-SHA-512",
            id="with users, in the clear",
        ),
    ],
)  # fmt: skip
def test_a_kafka_that_asks_for_a_user_is_told_to_landing_alone(kafka, protocol, mechanism):
    landing = told("landing", **kafka)
    security = KafkaSecurity.read(landing | {PASSWORD: "made up"})

    assert landing["KAFKA_BOOTSTRAP_SERVERS"] == "k:9093"
    assert security.protocol == protocol
    assert security.mechanism == mechanism
    assert security.username == kafka["kafka_user"]
    assert [name for name in told("everybody", **kafka) if name.startswith("KAFKA_")] == []


@pytest.mark.parametrize(
    ("tls", "protocol"), [(True, "SSL"), (False, "PLAINTEXT")], ids=["encrypted", "in the clear"]
)
def test_a_kafka_without_passwords_is_told_to_everybody(tls, protocol):
    everybody = told("everybody", kafka_has_tls=tls)

    assert everybody["KAFKA_BOOTSTRAP_SERVERS"] == "k:9093"
    assert KafkaSecurity.read(everybody).protocol == protocol
    assert told("landing", kafka_has_tls=tls) == everybody


def test_who_has_no_user_of_kafka_is_told_what_everybody_is(files):
    calls = dict(declared(files, "", "module"))
    outputs = dict(declared(files, "", "output"))

    for each in ("vm", "gke"):
        assert text(calls[each]["settings"]) == "module.settings.everybody"
    assert text(calls["gke"]["landing_settings"]) == "module.settings.kafka"
    assert text(outputs["settings"]["value"]) == "module.settings.everybody"
    assert text(outputs["landing_settings"]["value"]) == "module.settings.landing"
    assert "module.settings.kafka" in str(_launch(files)["environment"])


def test_dataproc_is_told_where_there_is_one():
    of_dataproc = {"MUSICFLOW_DATAPROC_REGION", "MUSICFLOW_DATAPROC_CLUSTER"}

    assert not told("everybody").keys() & of_dataproc
    both = told("everybody", dataproc_region="europe-west1", dataproc_cluster="musicflow")
    assert both["MUSICFLOW_DATAPROC_REGION"] == "europe-west1"
    assert both["MUSICFLOW_DATAPROC_CLUSTER"] == "musicflow"


def test_stations_are_told_settings_that_they_know():
    written = [infra.FOLDER / "main.tf", *(infra.FOLDER / "modules/settings").glob("*.tf")]
    names = [
        name
        for path in written
        for name in re.findall(r"^ +([A-Z][A-Z_]+) += ", path.read_text(), re.MULTILINE)
    ]
    pages = "".join(
        (ROOT / "docs" / page).read_text() for page in ("settings.md", "cloud.md", "security.md")
    )

    assert len(names) > 15
    assert [name for name in names if name not in pages] == []


def test_landings_user_is_by_default_the_one_of_our_permissions(files):
    users = tomllib.loads((ROOT / "deploy/kafka/acls.toml").read_text())["users"]
    variables = dict(declared(files, "", "variable"))

    assert text(variables["kafka_user"]["default"]) in users


def test_landing_is_started_with_a_configuration_that_dagsters_job_takes(files):
    value = _launch(files)

    assert value.keys() <= LandingLaunch.model_fields.keys()
    # Without them Spark finds neither Kafka nor landing's packages.
    assert value.keys() >= {"properties", "archive", "container_image"}


def test_kafkas_connector_is_that_of_landing_in_the_version_of_dataprocs_spark(files):
    ours = SPARK_KAFKA.modules[0].rpartition(":")[0]

    assert ours in str(_launch(files)["properties"])
    assert "dataproc_spark_version" in str(_launch(files)["properties"])


def _launch(files: Any) -> dict[str, Any]:
    ((value,),) = (
        body["value"] for name, body in declared(files, "", "output") if name == "land_on_dataproc"
    )
    return dict(value)

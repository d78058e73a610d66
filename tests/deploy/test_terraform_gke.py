"""What runs on GKE, worked out as Terraform does."""

import re
from typing import Any

import pytest
import yaml

from contracts.lake import (
    LAKE_RECORD,
    REPORT_RECORD,
    erasure_path,
    health_path,
    live_path,
    live_state_path,
    progress_path,
    suppression_path,
)
from contracts.live import COUNTS_SCHEMA
from contracts.secret_files import SECRETS
from tests.deploy.compose import ROOT
from tests.deploy.terraform import worked_out

pytestmark = pytest.mark.integration

COMPONENTS = ("dagster", "dashboard", "landing")
IMAGES = {each: f"example.com/{each}@sha256:{'0' * 64}" for each in COMPONENTS}
INSTANCE = (ROOT / "deploy/dagster/dagster.yaml").read_text()


@pytest.fixture(scope="module")
def objects() -> dict[tuple[str, str], dict[str, Any]]:
    """Kubernetes' objects, by kind and name."""
    told = worked_out(
        "local.workloads", "gke", "workloads.tf", "workloads.yaml.tftpl",
        project="a-project", namespace="musicflow", instance=INSTANCE, images=IMAGES,
        emails={each: f"{each}@example.com" for each in COMPONENTS},
        settings={"MUSICFLOW_TARGET": "gcp", "MUSICFLOW_DATASET_PREFIX": ""},
        landing_settings={"KAFKA_SASL_USERNAME": "landing@example.com"},
        secrets_of={each: {"POSTGRES_URL": f"musicflow-{each}-url"} for each in COMPONENTS},
        dagster_postgres_url="musicflow-dagsters-own-url",
    )  # fmt: skip
    read = list(yaml.safe_load_all(told))
    named = {(each["kind"], each["metadata"]["name"]): each for each in read}
    assert len(named) == len(read)
    return named


def _pod(objects: dict[tuple[str, str], dict[str, Any]], component: str) -> dict[str, Any]:
    pod: dict[str, Any] = objects["Deployment", component]["spec"]["template"]["spec"]
    return pod


def _containers(objects: dict[tuple[str, str], dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for name in COMPONENTS for each in _pod(objects, name)["containers"]]


def test_a_container_runs_the_command_of_the_compose_file(objects):
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]

    for container in _containers(objects):
        assert container["args"] == compose[container["name"]]["command"], container["name"]


def test_a_container_may_do_nothing_that_it_need_not(objects):
    for component in COMPONENTS:
        pod = _pod(objects, component)["securityContext"]
        assert pod["runAsNonRoot"]
        assert pod["runAsUser"] == 10001
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in _containers(objects):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_pod_is_its_own_account(objects, component):
    account = objects["ServiceAccount", component]["metadata"]["annotations"]

    assert _pod(objects, component)["serviceAccountName"] == component
    assert account == {"iam.gke.io/gcp-service-account": f"{component}@example.com"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_secrets_are_files_and_not_settings(objects, component):
    settings = objects["ConfigMap", component]["data"]
    mounted = yaml.safe_load(
        objects["SecretProviderClass", component]["spec"]["parameters"]["secrets"]
    )

    assert not settings.keys() & {*SECRETS, "MUSICFLOW_DAGSTER_POSTGRES_URL"}
    assert settings["POSTGRES_URL_FILE"] in {f"/run/secrets/{each['path']}" for each in mounted}
    assert all(isinstance(value, str) for value in settings.values())


def test_landing_alone_is_told_how_it_reaches_kafka(objects):
    of_kafka = {
        component: [name for name in objects["ConfigMap", component]["data"] if "KAFKA" in name]
        for component in COMPONENTS
    }

    assert of_kafka == {"dagster": [], "dashboard": [], "landing": ["KAFKA_SASL_USERNAME"]}


def test_dagster_gets_its_own_postgres_by_the_environment(objects):
    mounted = objects["SecretProviderClass", "dagster"]["spec"]["parameters"]["secrets"]

    assert "musicflow-dagsters-own-url" in mounted
    for container in _pod(objects, "dagster")["containers"]:
        assert container["command"][:2] == ["sh", "-c"]
        assert "$(cat /run/secrets/musicflow-dagsters-own-url)" in container["command"][2]


def test_dagsters_instance_is_the_one_of_production(objects):
    written = objects["ConfigMap", "dagster-instance"]["data"]["dagster.yaml"]

    assert yaml.safe_load(written) == yaml.safe_load(INSTANCE)


def test_nobody_reaches_a_pod_over_the_network(objects):
    policy = objects["NetworkPolicy", "nobody"]["spec"]

    assert policy == {"podSelector": {}, "policyTypes": ["Ingress"]}


def test_the_dashboard_may_read_the_records_that_it_shows():
    of_an_event = (progress_path, health_path, live_path)
    shown = [LAKE_RECORD, REPORT_RECORD, *(path("listen_events") for path in of_an_event)]

    assert [path for path in shown if not _opened(path)] == []


def test_the_dashboard_may_read_nothing_that_names_a_user():
    naming = [
        live_state_path("listen_events"),
        suppression_path(1),
        erasure_path("0123"),
        "events/listen_events/date=2026-01-01/hour=05/part.parquet",
        "rejected/listen_events/date=2026-01-01/hour=05/part.parquet",
    ]

    assert [path for path in naming if _opened(path)] == []
    assert "user_id" not in COUNTS_SCHEMA


def _opened(path: str) -> bool:
    """Whether the dashboard's account may read this of the lake, by the condition of its grant."""
    conditions = worked_out("local.records", "identities", "grants.tf", bucket="a-bucket")
    name = f"projects/_/buckets/a-bucket/objects/lake/{path}"
    words = [re.findall(r'name\.(startsWith|endsWith)\("([^"]+)"\)', each) for each in conditions]
    return any(
        all(name.startswith(w) if how == "startsWith" else name.endswith(w) for how, w in each)
        for each in words
    )

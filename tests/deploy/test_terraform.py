"""deploy/terraform: clean by its tools, wired right, open to nobody, granting what is listed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.events import EVENTS
from local import infra, infra_tables
from local.go_tools import has_go
from local.infra_tables import declared, text
from musicflow_dagster.warehouse.bigquery.tables import DATASETS
from tests.deploy.terraform import DOWNLOADS, modules, resources, worked_out

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
ANYBODY = {"0.0.0.0/0", "::/0"}
EVERYTHING = {
    "uses_managed_kafka": True,
    "uses_dataproc": True,
    "uses_vm": True,
    "dagster_changes_lake": True,
}
LEAST = dict.fromkeys(EVERYTHING, False)


@pytest.fixture(scope="module")
def files():
    """What the files say, by their path."""
    return infra.parsed(DOWNLOADS)


@pytest.mark.parametrize("check", infra.CHECKS, ids=lambda check: check.name)
def test_the_tools_have_nothing_to_say(check):
    if not has_go():
        pytest.skip("TFLint is built from source, and there is no Go")
    infra.run(check, DOWNLOADS)


def test_every_variable_and_output_is_described(files):
    bare = [
        f"{folder}{kind}.{name}"
        for folder in modules(files)
        for kind, needs in (("variable", ("type", "description")), ("output", ("description",)))
        for name, body in declared(files, folder, kind)
        if any(len(text(body.get(each, ""))) < 4 for each in needs)
    ]

    assert bare == []


def test_what_people_may_set_is_checked_before_anything_is_made(files):
    unchecked = [
        name
        for name, body in declared(files, "", "variable")
        if "validation" not in body and text(body["type"]) != "bool"
    ]

    assert unchecked == []


def test_each_module_is_given_what_it_takes(files):
    for name, call in declared(files, "", "module"):
        folder = text(call["source"]).removeprefix("./") + "/"
        takes = dict(declared(files, folder, "variable"))
        needs = {each for each, body in takes.items() if "default" not in body}
        own = {"source", "count", "depends_on", "__start_line__", "__end_line__"}

        assert folder in modules(files), name
        assert needs <= call.keys() - own <= takes.keys(), name


def test_nobody_outside_is_let_in(files):
    for folder, name, rule in resources(files, "google_compute_firewall"):
        sources = {each for some in rule.get("source_ranges", []) for each in some}

        if "allow" in rule:
            assert sources or rule.get("source_tags"), folder + name
            assert not sources & ANYBODY, folder + name


def test_nothing_has_an_address_of_the_internet(files):
    for _, name, machine in resources(files, "google_compute_instance"):
        assert all("access_config" not in each for each in machine["network_interface"]), name
    for _, name, cluster in resources(files, "google_dataproc_cluster"):
        machines = cluster["cluster_config"][0]["gce_cluster_config"][0]
        assert text(machines["internal_ip_only"]) == "true", name
    for _, name, cluster in resources(files, "google_container_cluster"):
        assert text(cluster["private_cluster_config"][0]["enable_private_nodes"]) == "true", name
    for _, name, server in resources(files, "google_sql_database_instance"):
        assert text(server["settings"][0]["ip_configuration"][0]["ipv4_enabled"]) == "false", name


def test_the_state_holds_no_secret(files):
    kinds = {name.partition(".")[0] for _, name, _ in resources(files)}

    assert not kinds & {
        "google_secret_manager_secret_version",
        "google_service_account_key",
        "google_sql_user",
        "google_storage_hmac_key",
        "random_password",
        "tls_private_key",
    }


def test_an_account_is_granted_what_is_listed_here_and_no_more():
    def granted(what: str, **variables: bool) -> Any:
        return worked_out(f"local.on_{what}", "identities", "grants.tf", **variables)

    assert granted("project", **LEAST) == {
        "landing": [],
        "dagster": ["builder_jobs"],
        "dashboard": ["builder_jobs"],
        "eventsim": [],
    }
    assert granted("project", **EVERYTHING) == {
        "landing": ["roles/managedkafka.client", "roles/dataproc.worker"],
        "dagster": [
            "builder_jobs",
            "landing_starter",
            "roles/logging.logWriter",
            "roles/monitoring.metricWriter",
        ],
        "dashboard": ["builder_jobs"],
        "eventsim": ["roles/managedkafka.client"],
    }
    assert granted("bucket", **LEAST) == {"landing": ["landing"], "dagster": ["lake_reader"]}
    assert granted("bucket", **EVERYTHING) == {"landing": ["landing"], "dagster": ["landing"]}
    assert granted("datasets", **EVERYTHING) == {
        "dagster": {"builder": list(DATASETS)},
        "dashboard": {"reader": ["marts", "reporting", "reconciliation"]},
    }
    assert granted("secrets", **EVERYTHING) == {
        "landing": [
            "kafka-password-landing",
            "suppression-key",
            "alert-webhook",
            "serving-postgres-url",
        ],
        "dagster": [
            "pseudonym-key",
            "suppression-key",
            "alert-webhook",
            "dagster-postgres-url",
            "serving-postgres-url",
        ],
        "dashboard": ["dashboard-password", "dashboard-postgres-url"],
        "eventsim": ["kafka-password-eventsim"],
    }
    # Who may not erase users has no use for the Postgres that they are erased from.
    of_dagster = granted("secrets", **LEAST)["dagster"]
    assert "serving-postgres-url" not in of_dagster


def test_nothing_is_granted_elsewhere(files):
    granting = {
        f"{folder}{name}" for folder, name, _ in resources(files) if re.search(r"_iam_(?!cu)", name)
    }

    assert granting == {
        # The list above, and the dashboard's records of the lake.
        "modules/identities/google_project_iam_member.this",
        "modules/identities/google_storage_bucket_iam_member.this",
        "modules/identities/google_storage_bucket_iam_member.records",
        "modules/identities/google_bigquery_dataset_iam_member.this",
        "modules/identities/google_secret_manager_secret_iam_member.this",
        "modules/identities/google_service_account_iam_member.dagster_starts_landing",
        # Who pulls images; GKE's machines and pods; people who reach Dagster; who reads the log.
        "modules/images/google_artifact_registry_repository_iam_member.readers",
        "modules/gke/google_project_iam_member.nodes",
        "modules/gke/google_service_account_iam_member.pods",
        "google_project_iam_member.tunnel",
        "modules/secrets/google_project_iam_audit_config.secrets",
    }


def test_the_roles_are_those_that_the_code_is_held_to(files):
    of_ours = {path.stem for path in (ROOT / "deploy/gcp/roles").glob("*.yaml")}
    lists = [
        worked_out(f"local.on_{what}", "identities", "grants.tf", **variables)
        for what in ("project", "bucket", "datasets")
        for variables in (EVERYTHING, LEAST)
    ]
    granted = {role for each in lists for roles in each.values() for role in roles}

    assert {role for role in granted if "/" not in role} == of_ours


def test_the_datasets_are_those_that_loads_make(files):
    ((name, said),) = (
        each for each in declared(files, "modules/warehouse", "locals") if each[0] == "datasets"
    )

    assert said == [DATASETS], name


def test_the_topics_are_the_contracts():
    topics = worked_out("local.topics", "kafka", "acls.tf")

    assert topics == [event.name for event in EVENTS]


def test_kafka_lets_do_what_every_kafka_of_ours_does():
    given = worked_out(
        "local.permissions", "kafka", "acls.tf", landing="landing", eventsim="eventsim"
    )
    written = tomllib.loads((ROOT / "deploy/kafka/acls.toml").read_text())["users"]

    def operations(resource: str, user: str) -> list[str]:
        entries = given.get(resource, [])
        return [e["operation"] for e in entries if e["principal"] == f"User:{user}"]

    for user in ("landing", "eventsim"):
        assert operations("allTopics", user) == [_in_google(e) for e in written[user]["events"]]
        for prefix, allowed in written[user].get("groups", {}).items():
            resource = f"consumerGroupPrefixed/{prefix}"
            assert operations(resource, user) == [_in_google(each) for each in allowed]


def _in_google(operation: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()


def test_whoever_starts_landing_may_do_what_dagsters_job_asks_and_no_more():
    role = yaml.safe_load((ROOT / "deploy/gcp/roles/landing_starter.yaml").read_text())

    # A job on a cluster, a batch without one, and a look at either, as Google's page of permissions
    # says; tests/musicflow_dagster/test_dataproc.py records the requests.
    assert role["includedPermissions"] == [
        "dataproc.batches.create",
        "dataproc.batches.get",
        "dataproc.clusters.use",
        "dataproc.jobs.create",
        "dataproc.jobs.get",
    ]


def test_alerts_can_be_made_with_the_metrics_that_they_ask_for(files):
    conditions = [
        condition["condition_prometheus_query_language"][0]
        for _, _, policy in resources(files, "google_monitoring_alert_policy")
        for condition in policy["conditions"]
    ]

    # Google knows of a metric of lines only minutes after it was made.
    assert conditions
    assert all(text(each["disable_metric_validation"]) == "true" for each in conditions)


def test_secrets_have_values_before_anything_is_made_that_fetches_them():
    page = infra_tables.PAGE.read_text()
    first, rest = (
        "terraform apply -target=module.images -target=module.secrets",
        "terraform apply\n",
    )

    assert page.index(first) < page.index("a value of **every** secret") < page.index(rest)


def test_every_waived_check_says_why():
    said = [line for file in infra.FOLDER.rglob("*.tf") for line in file.read_text().splitlines()]
    waived = [line.strip() for line in said if "checkov:skip" in line or "tflint-ignore" in line]

    assert waived
    assert [each for each in waived if not re.search(r":skip=CKV\w+:.{30,}\.$", each)] == []


def test_the_docs_tables_are_fresh(files):
    page = infra_tables.PAGE.read_text()

    assert page == infra_tables.fresh(page, files), "run: python -m local infra --tables"

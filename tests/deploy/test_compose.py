"""The compose file: read by Compose's library, complete in what it asks, narrow in what opens."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from itertools import chain, combinations
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from contracts.kafka_security import KafkaSecurity
from local.deploy_env import EXAMPLE
from local.go_tools import has_go
from tests.deploy.compose import FILE, SECURED, example_values, model, read_by_compose, services

PROFILES = {"kafka", "simulate", "ui", "dagster", "dashboard", "storage"}
WRITES_ITS_ROOT = {"kafka"}
"""Services of others that configure themselves in their own folders."""
USED = re.compile(r"\$\{([A-Z_]+)(:?[?-])?")
PASSED = re.compile(r"^ +([A-Z_]+):$", re.MULTILINE)
SECURED_KAFKA = {
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9093",
    "KAFKA_TLS_FOLDER": "/tls",
    **{f"KAFKA_{who}_PASSWORD": f"{who.lower()}s" for who in ("SETUP", "LANDING", "VIEWER")},
}
REQUIRED = sorted({n for n, how in USED.findall(FILE.read_text()) if how == ":?"})


@pytest.fixture(scope="module")
def read():
    """All services, as Compose reads them."""
    if not has_go():
        pytest.skip("Compose's library is built from source, and there is no Go")
    return services()


@pytest.mark.parametrize("file", [FILE, SECURED], ids=lambda file: file.name)
def test_the_schema_of_compose_files_accepts_it(file):
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [check, "--builtin-schema", "vendor.compose-spec", file]
    said = subprocess.run(command, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stdout


def test_compose_itself_reads_it_whole(read):
    assert set(model()["services"]) == set(read)
    assert {p for each in read.values() for p in each.said.get("profiles", [])} == PROFILES


@pytest.mark.parametrize("name", REQUIRED)
def test_without_a_value_that_nobody_can_guess_compose_says_which_is_missing(read, name):
    said = read_by_compose(example_values() | {name: ""})

    assert said.returncode != 0
    assert f"required variable {name} is missing a value" in said.stderr
    assert "run `python3 -m local.deploy_env`" in said.stderr


def test_secrets_and_images_have_no_defaults():
    for line in EXAMPLE.read_text().splitlines():
        name, _, value = line.partition("=")
        if name.endswith(("_PASSWORD", "_KEY", "_IMAGE")):
            assert value == "", line
    assert {n for n in example_values() if n.endswith(("_PASSWORD", "_KEY", "_IMAGE"))} == {
        *REQUIRED
    }


def test_the_example_explains_each_variable_and_no_other():
    text = FILE.read_text() + SECURED.read_text()
    used = {name for name, _ in USED.findall(text)} | set(PASSED.findall(text))
    lines = EXAMPLE.read_text().splitlines()
    told = {found[1] for line in lines if (found := re.match(r"#?([A-Z_]+)=", line))}

    assert told - {"COMPOSE_PROFILES"} == used


def test_the_default_parts_are_all_but_the_bucket(read):
    assert set(example_values()["COMPOSE_PROFILES"].split(",")) == PROFILES - {"storage"}


def test_a_part_waits_for_nothing_that_another_part_has_to_bring(read):
    """A service that is needed is always there, or of a part that the needing one is of too."""
    for each in read.values():
        for name, how in each.said.get("depends_on", {}).items():
            parts = set(read[name].said.get("profiles", []))
            assert not parts or parts & set(each.said.get("profiles", [])) or not how["required"]


@pytest.mark.parametrize(
    "parts",
    list(chain.from_iterable(combinations(sorted(PROFILES), n) for n in range(len(PROFILES) + 1))),
    ids=lambda parts: ",".join(parts) or "none",
)
def test_whatever_parts_are_started_somebody_waits_for_each_that_ends(read, parts):
    """`up --wait` takes one that ended, and that nobody waits for, for a failure."""
    started = [
        each
        for each in read.values()
        if not each.said.get("profiles") or set(each.said["profiles"]) & set(parts)
    ]
    awaited = {
        name
        for each in started
        for name, how in each.needs.items()
        if how == "service_completed_successfully"
    }

    assert {each.name for each in started if each.runs_once} <= awaited


def test_an_image_of_ours_is_built_by_one_service_and_never_pulled(read):
    ours = [each for each in read.values() if each.is_ours]
    built = Counter(each.said["image"] for each in ours if "build" in each.said)

    assert built.keys() == {each.said["image"] for each in ours}
    assert set(built.values()) == {1}
    assert all(name.startswith("musicflow/") for name in built)
    assert {each.said["pull_policy"] for each in ours} == {"never"}


def test_who_uses_an_image_is_started_with_who_builds_it(read):
    builders = {e.said["image"]: e.said.get("profiles") for e in read.values() if "build" in e.said}
    for each in read.values():
        if each.is_ours:
            builder = builders[each.said["image"]]
            assert builder is None or builder == each.said.get("profiles"), each.name


def secured(values=MappingProxyType({})):
    """Services with what is added for a secured Kafka, and the variables of each."""
    said = model({**SECURED_KAFKA, **values}, SECURED)["services"]
    # Where two files say something, the library lists both as lines; Docker Compose does not mind.
    variables = {
        name: dict(line.split("=", 1) for line in told if "=" in line)
        for name, each in said.items()
        if isinstance(told := each.get("environment"), list)
    }
    return said, variables


def test_on_a_secured_kafka_each_service_is_a_user_of_its_own():
    _, variables = secured()
    known = tomllib.loads((FILE.parent / "kafka/acls.toml").read_text())["users"]
    users = {
        name: (told["KAFKA_SASL_USERNAME"], told["KAFKA_SASL_PASSWORD"])
        for name, told in variables.items()
        if "KAFKA_SASL_USERNAME" in told
    }

    assert users == {
        "topics": ("setup", "setups"),
        "landing": ("landing", "landings"),
        "eventsim": ("eventsim", ""),
    }
    assert {user for user, _ in users.values()} | {"viewer"} == known.keys()
    jaas = variables["kafka-ui"]["KAFKA_CLUSTERS_0_PROPERTIES_SASL_JAAS_CONFIG"]
    assert re.findall(r'(\w+)="(\w+)"', jaas) == [("username", "viewer"), ("password", "viewers")]


def test_services_take_what_a_secured_kafka_asks_for_and_see_its_authority():
    said, variables = secured({"KAFKA_SSL_CA_LOCATION": ""})
    for name in ("topics", "landing"):
        security = KafkaSecurity.read(variables[name])
        [tls] = [v for v in said[name]["volumes"] if v["type"] == "bind"]

        assert (security.protocol, security.mechanism) == ("SASL_SSL", "SCRAM-SHA-512")
        assert (tls["source"], tls["target"]) == ("/tls", "/etc/musicflow/tls")
        assert tls["read_only"]
    assert secured()[1]["landing"]["KAFKA_SSL_CA_LOCATION"] == "/etc/musicflow/tls/ca.crt"


@pytest.mark.parametrize(
    "name", sorted({n for n, how in USED.findall(SECURED.read_text()) if how == ":?"})
)
def test_without_a_value_that_a_secured_kafka_needs_compose_says_which(read, name):
    values = example_values() | SECURED_KAFKA | {name: ""}

    assert f"required variable {name} is missing" in read_by_compose(values, SECURED).stderr


def test_ports_are_open_to_this_machine_alone(read):
    ports = [port for each in read.values() for port in each.said.get("ports", [])]

    assert len(ports) >= 5
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_services_can_do_no_more_than_they_must(read):
    for name, each in read.items():
        said = each.said
        assert said["cap_drop"] == ["ALL"], name
        assert said["security_opt"] == ["no-new-privileges:true"], name
        assert said.get("read_only", False) != (name in WRITES_ITS_ROOT), name
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & said.keys(), name
        assert not [v for v in said.get("volumes", []) if v["type"] != "volume"], name


def test_services_have_limits_and_bounded_logs(read):
    for name, each in read.items():
        limits = each.said["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= limits.keys(), name
        assert each.said["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_what_runs_on_says_how_it_is_and_what_runs_once_does_not_come_again(read):
    for name, each in read.items():
        if each.runs_once:
            assert each.said["restart"] == "no", name
        else:
            assert each.healthcheck, name
            assert each.said["restart"] == "unless-stopped", name


def test_the_dashboard_reads_the_lake_and_the_snapshot_and_writes_nothing(read):
    volumes = read["dashboard"].said["volumes"]

    assert {v["source"] for v in volumes} == {"lake", "snapshot"}
    assert all(v["read_only"] for v in volumes)


def test_only_who_needs_a_secret_gets_it(read):
    having = {
        name: {n for n, each in read.items() if name in str(each.said.get("environment"))}
        for name in ("PSEUDONYM_KEY", "SUPPRESSION_KEY", "DASHBOARD_PASSWORD")
    }

    assert having == {
        "PSEUDONYM_KEY": {"code"},
        "SUPPRESSION_KEY": {"code", "landing"},
        "DASHBOARD_PASSWORD": {"dashboard"},
    }


def test_every_volume_is_used_and_every_place_is_kept(read):
    declared = set(yaml.safe_load(FILE.read_text())["volumes"])

    assert declared == {v for each in read.values() for v in each.mounts.values()}

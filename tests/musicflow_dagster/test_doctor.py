"""Each thing that the doctor looks at, well and ill; and the command as people call it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from contracts.health import Alert, StreamHealth, write_health
from contracts.publication import POINTER
from musicflow_dagster.doctor import data, machine
from musicflow_dagster.doctor.kafka import kafka as examined
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.lock import WriterLock
from musicflow_dagster.warehouse.pseudonyms import pseudonym_key
from musicflow_dagster.warehouse.published import RECONCILIATION
from tests.builders import FIRST_HOUR
from tests.musicflow_dagster.test_publishing import hours

NOW = datetime.now(UTC)


@pytest.fixture
def built(settings):
    """A warehouse with its key, and a snapshot."""
    pseudonym_key(None, settings.home)
    with open_warehouse(settings.warehouse) as connection:
        prepare(connection)
        Publisher(connection, settings.snapshot).publish(RECONCILIATION, hours(0, 1))
    return settings


def health(**changes):
    about = {
        "event": "listen_events", "state": "running", "updated_at": NOW,
        "next_by": NOW + timedelta(hours=1),
    }  # fmt: skip
    return StreamHealth(**about | changes)


def test_before_anything_was_made_there_is_no_problem(settings, monkeypatch):
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    findings = [
        *examined(settings.home),
        *data.lake(settings),
        data.warehouse(settings),
        data.dagster(settings),
        data.snapshot(settings),
        machine.disk(settings.home),
    ]

    assert all(each.is_ok for each in findings)


def test_what_stands_and_is_well_is_told(built, lake):
    write_health(lake.store, health())

    assert [each.what for each in data.lake(built)][1] == "running, 1 topics"
    assert "nobody writes" in data.warehouse(built).what
    assert "publish 1" in data.snapshot(built).what


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"next_by": NOW - timedelta(minutes=1)}, "listen_events", id="silent"),
        pytest.param({"state": "failed"}, "listen_events", id="ended by itself"),
        pytest.param(
            {"alerts": (Alert("lag_growing", NOW, "listen_events lags"),)}, "lags", id="an alert"
        ),
    ],
)
def test_landing_that_is_not_well_is_a_problem(settings, lake, changes, words):
    write_health(lake.store, health(**changes))
    landing = list(data.lake(settings))[1]

    assert not landing.is_ok
    assert words in landing.what


def test_landing_that_was_stopped_is_no_problem(settings, lake):
    write_health(lake.store, health(state="stopped", next_by=NOW - timedelta(days=1)))

    assert list(data.lake(settings))[1].is_ok


def test_who_writes_to_the_warehouse_is_named(built):
    lock = WriterLock(built.warehouse)
    lock.acquire()
    finding = data.warehouse(built)
    lock.release()

    assert f"process {os.getpid()} (" in finding.what
    assert finding.is_ok
    assert WriterLock(built.warehouse).holder() is None


def test_a_program_that_has_the_warehouse_open_is_a_problem(built):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    command = [sys.executable, "-c", code, str(built.warehouse)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        other.stdout.readline()
        finding = data.warehouse(built)
        other.communicate("\n")

    assert str(other.pid) in finding.what
    assert "close what has it open" in finding.do


def test_a_damaged_warehouse_is_a_problem(built):
    built.warehouse.write_bytes(b"no database" * 1000)

    assert not data.warehouse(built).is_ok


def test_a_lost_key_is_a_problem(built):
    (built.home / "pseudonym.key").unlink()

    assert "MUSICFLOW_PSEUDONYM_KEY" in data.warehouse(built).do


def test_a_lake_elsewhere_is_a_problem(settings):
    [finding] = data.lake(settings.model_copy(update={"lake": "ftp://lake"}))

    assert "give a folder" in finding.do


@pytest.mark.parametrize("harm", ["a file is gone", "the record is damaged"])
def test_a_snapshot_that_is_not_whole_is_a_problem(built, harm):
    if harm == "a file is gone":
        next((built.snapshot / "files").rglob("*.parquet")).unlink()
    else:
        (built.snapshot / POINTER).write_bytes(b"{")

    assert not data.snapshot(built).is_ok


def test_a_broker_that_does_not_answer_is_a_problem(settings, monkeypatch):
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{port}")
        monkeypatch.setattr("musicflow_dagster.doctor.kafka.PATIENCE_SECONDS", 1)
        [finding] = examined(settings.home)

    assert "does not answer" in finding.what
    assert "KAFKA_BOOTSTRAP_SERVERS" in finding.do


def test_a_cluster_whose_security_is_half_configured_is_a_problem(settings, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    [finding] = examined(settings.home)

    assert "KAFKA_SASL_MECHANISM" in finding.do


@pytest.mark.integration
def test_a_cluster_without_our_topics_is_a_problem(settings, kafka, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    monkeypatch.setattr("musicflow_dagster.doctor.kafka.EVENTS", [NoTopic])
    broker, topics = examined(settings.home)

    assert broker.is_ok
    assert "lacks no_such_topic" in topics.what


class NoTopic:
    name = "no_such_topic"


def test_a_port_of_another_program_is_a_problem():
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        other.settimeout(5)
        finding = machine.web_port(port)

    assert str(port) in finding.what
    assert "--port" in finding.do
    assert machine.web_port(port).is_ok


def test_a_full_disk_is_a_problem(settings, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    assert not machine.disk(settings.home).is_ok


def test_a_package_of_another_version_is_a_problem(monkeypatch):
    monkeypatch.setattr(machine, "version", lambda name: "0.1" if name == "duckdb" else "9")
    monkeypatch.setattr(machine, "requires", lambda _: ["duckdb==2.0.0", "click>=8"])
    finding = machine.versions()

    assert "duckdb 0.1, not duckdb==2.0.0" in finding.what
    assert finding.do == machine.INSTALL


def test_the_tested_packages_and_a_java_are_found_here():
    assert machine.versions().is_ok
    assert machine.java().is_ok


def test_without_any_java_it_is_said_what_to_install(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(machine, "find_spec", lambda _: None)

    assert "JAVA_HOME" in machine.java().do


@pytest.fixture
def doctor(tmp_path):
    def call(*arguments, **variables):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment = kept | {"MUSICFLOW_HOME": str(tmp_path / "home"), **variables}
        command = [sys.executable, "-m", "musicflow_dagster", "doctor", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return call


def test_a_wrong_setting_is_a_problem_and_the_exit_code_says_so(doctor):
    done = doctor("--json", MUSICFLOW_START=FIRST_HOUR.isoformat() + "x")
    told = json.loads(done.stdout)
    wrong = [each for each in told["findings"] if each["name"] == "settings"]

    assert done.returncode == 1
    assert not told["ok"]
    assert "MUSICFLOW_START" in wrong[0]["do"]
    assert done.stderr.startswith("musicflow: something is to be done about ")
    assert done.stderr.count("\n") == 1


def test_people_see_a_line_for_each_finding_and_what_to_do(doctor):
    shown = doctor(MUSICFLOW_DBT_PROJECT="nowhere").stdout.splitlines()

    assert [line for line in shown if line.startswith("PROBLEM  settings")]
    assert [line for line in shown if line.strip().startswith("-> set MUSICFLOW_DBT_PROJECT")]
    assert [line for line in shown if line.startswith("ok       disk")]

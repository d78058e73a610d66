"""The local broker: there in seconds, alone on its folder, gone without a trace."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from contracts.errors import UnavailableError
from contracts.events import EVENTS_BY_NAME
from streaming import kafka as kafka_module
from streaming.broker import local_address, main, running_broker
from streaming.broker_files import last_problem
from streaming.kafka import Cluster, Held
from streaming.settings import BrokerSettings

DEADLINE = 60.0


def processes_naming(text: str) -> list[int]:
    """Ids of the processes whose command line holds `text`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def until(holds, what: str) -> None:
    """Wait until `holds()`, or fail saying `what` never came."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE} s"
        time.sleep(0.05)


@pytest.fixture
def spawned(tmp_path, broker_settings):
    """A broker run by the command, as its process and home."""
    home = tmp_path / "home"
    environment = os.environ | {"MUSICFLOW_CACHE": str(broker_settings.cache)}
    process = subprocess.Popen(
        [sys.executable, "-m", "streaming.broker", "--port", "0", "--home", home],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    address = home / "kafka" / "address"
    until(lambda: address.exists() or process.poll() is not None, "the broker's address")
    yield process, home
    process.kill()
    process.wait()


@pytest.mark.integration
def test_the_broker_has_a_topic_for_each_event(kafka, broker_settings):
    topics = Cluster(kafka).partitions()

    assert {name: topics[name] for name in EVENTS_BY_NAME} == dict.fromkeys(EVENTS_BY_NAME, 4)
    assert local_address(broker_settings.broker_home) == kafka


@pytest.mark.integration
def test_creating_topics_again_creates_none(kafka):
    assert Cluster(kafka).create_missing(EVENTS_BY_NAME, partitions=4) == []


@pytest.mark.integration
def test_an_empty_topic_holds_nothing(kafka):
    Cluster(kafka).create_missing(["of_broker_test"], partitions=2)

    held = Cluster(kafka).held({"of_broker_test": 2})

    assert held == {"of_broker_test": {0: Held(0, 0), 1: Held(0, 0)}}


@pytest.mark.parametrize("answered", [None, -1], ids=["unknown", "without a leader"])
def test_a_new_topic_is_waited_for_until_each_partition_has_a_leader(monkeypatch, answered):
    asked = []

    class SlowToElect:
        def __init__(self, options, logger):
            del options, logger

        def list_topics(self, timeout):
            del timeout
            asked.append("topics")
            leaders = {0: 1, 1: 1 if len(asked) > 3 else answered}
            partitions = {
                each: SimpleNamespace(leader=leader)
                for each, leader in leaders.items()
                if leader is not None
            }
            known = {} if len(asked) == 1 else {"new": SimpleNamespace(partitions=partitions)}
            return SimpleNamespace(topics=known)

        def create_topics(self, orders):
            return {order.topic: _answered(None) for order in orders}

        def list_offsets(self, places, request_timeout):
            del request_timeout
            assert len(asked) > 3, "asked though a partition had no leader"
            return {place: _answered(SimpleNamespace(offset=0)) for place in places}

    monkeypatch.setattr(kafka_module, "AdminClient", SlowToElect)

    assert Cluster("anywhere:9092").create_missing(["new"], partitions=2) == ["new"]
    assert len(asked) == 4


def _answered(value):
    future = Future()
    future.set_result(value)
    return future


@pytest.mark.integration
def test_a_second_broker_on_the_same_folder_is_refused(kafka, broker_settings):
    with pytest.raises(UnavailableError, match="already runs"), running_broker(broker_settings):
        pass


@pytest.mark.integration
def test_the_command_stops_cleanly_on_a_signal(spawned):
    process, home = spawned

    process.send_signal(signal.SIGTERM)

    assert process.wait(DEADLINE) == 0
    assert not (home / "kafka" / "address").exists()
    assert processes_naming(str(home / "kafka" / "server.properties")) == []


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the child of a killed parent")
def test_no_java_outlives_a_killed_command(spawned):
    process, home = spawned

    process.kill()

    properties = str(home / "kafka" / "server.properties")
    until(lambda: processes_naming(properties) == [], "the end of Kafka")


def test_a_busy_port_is_one_clear_line(tmp_path, monkeypatch, broker_settings):
    monkeypatch.setenv("MUSICFLOW_CACHE", str(broker_settings.cache))
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = CliRunner().invoke(main, ["--port", str(port), "--home", str(tmp_path)])

    assert answer.exit_code == 1
    assert answer.output == (
        f"broker: port {port} is taken: stop what listens there, or give another --port (0: any)\n"
    )


def test_a_wrong_setting_is_named(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_TOPIC_PARTITIONS", "many")

    answer = CliRunner().invoke(main, [])

    assert answer.exit_code == 1
    assert answer.output.startswith("broker: MUSICFLOW_TOPIC_PARTITIONS can't be 'many'")


def test_no_local_broker_is_told_with_the_way_out(tmp_path):
    with pytest.raises(UnavailableError, match=r"python -m streaming\.broker"):
        local_address(tmp_path)


def test_a_full_disk_is_found_in_the_brokers_log(tmp_path):
    log = tmp_path / "broker.log"
    log.write_text("INFO x\nERROR java.io.IOException: No space left on device\nERROR other\n")

    assert last_problem(log).startswith("the disk is full: make room")


def test_settings_that_are_given_beat_the_environment(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_TOPIC_PARTITIONS", "2")

    assert BrokerSettings.read().partitions == 2
    assert BrokerSettings.read(partitions=3).partitions == 3
    assert json.loads(BrokerSettings.read().model_dump_json())["port"] == 9092

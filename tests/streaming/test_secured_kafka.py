"""Through a Kafka that asks for TLS, a certificate and a password: all arrives, nothing is told."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient

from contracts.errors import ConfigurationError
from contracts.events import EVENTS, LISTEN_EVENTS
from contracts.kafka_security import KafkaSecurity
from contracts.manifests import Manifest, ManifestLog
from contracts.store import FolderStore
from local.broker import refuse_messages
from streaming.settings import BrokerSettings

from .messages import listen
from .secured_broker import KEY_PASSWORD, PASSWORD, SecuredBroker, secured_broker

pytestmark = pytest.mark.integration

Command = Callable[..., subprocess.CompletedProcess]

HOSTILE_TEXTS = [
    "../../../etc/passwd", "/absolute", "a\x00b", "\r\n\t\x1b[31m", "'; drop table raw; --",
    '"}{"', "${jndi:ldap://x}", "{{ 7 * 7 }}", "=1+1", "date=2020-01-01/hour=00", "\u202ex",
]  # fmt: skip
HOSTILE = [
    *(listen(100 + n, artist=text, city=text) for n, text in enumerate(HOSTILE_TEXTS)),
    *(listen(200 + n, **{text: text}) for n, text in enumerate(HOSTILE_TEXTS)),
    listen(300, artist="x" * 1_000_000),
    listen(301).replace(b"200.5", b"NaN"),
    listen(302).replace(b"200.5", b"1e999"),
    listen(303).replace(b"200.5", b"9" * 10_000),
    listen(304)[:-1] + b',"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    listen(305)[:-1] + b',"x":' + b'{"x":' * 20_000 + b"1" + b"}" * 20_001,
    *(json.dumps(text).encode() for text in HOSTILE_TEXTS),
]
LANDING = ("streaming", "--once")
TOPICS = ("streaming.broker",)
EVENTSIM = ("eventsim", "--kafka", "--nusers", "2")
WRONG = {"KAFKA_SASL_PASSWORD": "wr0ng-one"}  # pragma: allowlist secret
UNTRUSTED = {"KAFKA_SSL_CA_LOCATION": ""}
ABSENT = {"KAFKA_SSL_CA_LOCATION": "/none"}
LAKE_PATH = re.compile(
    r"(rejected/)?listen_events/date=\d{4}-\d\d-\d\d/hour=\d\d/batch=[\w-]+/[\w-]+\.parquet"
)


@pytest.fixture(scope="module")
def secured(tmp_path_factory, broker_settings) -> Iterator[SecuredBroker]:
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("secured") / "home",
        cache_folder=broker_settings.cache,
        port=0,
        partitions=2,
    )
    with secured_broker(settings) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="module")
def run(home, secured, broker_settings) -> Command:
    """Runs a command with what the cluster asks for, or something else, in its environment."""

    def run(*command: str, **changes: str) -> subprocess.CompletedProcess:
        ours = {
            "MUSICFLOW_HOME": str(home),
            "MUSICFLOW_CACHE": str(broker_settings.cache),
            "MUSICFLOW_START": "2026-01-01",
            "MUSICFLOW_SPARK_MASTER": "local[2]",
        }
        return subprocess.run(
            [sys.executable, "-m", *command],
            env=os.environ | secured.environment | ours | changes,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def send_hostile(environment: Mapping[str, str]) -> None:
    security = KafkaSecurity.read(environment).as_librdkafka()
    address = environment["KAFKA_BOOTSTRAP_SERVERS"]
    producer = Producer({"bootstrap.servers": address, "message.max.bytes": 2_000_000} | security)
    for value in HOSTILE:
        producer.produce(LISTEN_EVENTS.name, value)
    assert producer.flush(60) == 0


@pytest.fixture(scope="module")
def landed(run, home, secured) -> dict[str, list[Manifest]]:
    """The manifests, after eventsim's messages and hostile ones were sent and landed."""
    simulated = run(
        "eventsim", "--kafka", "--nusers", "20", "--report", str(home / "report.json"),
        "--start-time", "2026-01-06T00:00:00", "--end-time", "2026-01-07T00:00:00",
    )  # fmt: skip
    assert simulated.returncode == 0, simulated.stderr
    send_hostile(secured.environment)
    landing = run(*LANDING)
    assert landing.returncode == 0, landing.stderr
    (home / "said").write_text(simulated.stderr + landing.stdout + landing.stderr)
    store = FolderStore(home / "lake")
    return {event.name: list(ManifestLog(store, event.name).after(0)) for event in EVENTS}


def test_the_groups_of_kafkas_tools_are_at_the_end_of_the_lake(landed, secured):
    security = KafkaSecurity.read(secured.environment).as_librdkafka()
    address = secured.environment["KAFKA_BOOTSTRAP_SERVERS"]
    admin = AdminClient({"bootstrap.servers": address} | security)
    group = ConsumerGroupTopicPartitions(f"musicflow-{LISTEN_EVENTS.name}")
    (answer,) = admin.list_consumer_group_offsets([group]).values()

    shown = {each.partition: each.offset for each in answer.result(60).topic_partitions}
    assert shown == landed[LISTEN_EVENTS.name][-1].end_offsets()


def test_all_that_was_sent_is_landed(landed, home):
    topics = json.loads((home / "report.json").read_text())["topics"]
    sent = {name: counts["messages"] for name, counts in topics.items()}
    sent[LISTEN_EVENTS.name] += len(HOSTILE)

    assert {
        name: sum(each.accepted + each.rejected for each in manifests)
        for name, manifests in landed.items()
    } == sent


def test_hostile_values_break_no_batch_and_reach_no_path(landed, home):
    files = [
        file.path
        for manifest in landed[LISTEN_EVENTS.name]
        for file in (*manifest.files, *manifest.rejected_files)
    ]
    listed = set(FolderStore(home / "lake").list("listen_events"))
    listed |= set(FolderStore(home / "lake").list("rejected/listen_events"))

    assert [path for path in files if not LAKE_PATH.fullmatch(path)] == []
    assert listed == set(files)
    assert sum(each.rejected for each in landed[LISTEN_EVENTS.name]) == 6 + len(HOSTILE_TEXTS)


def test_no_file_and_no_log_holds_a_secret(landed, home):
    secrets = {PASSWORD, KEY_PASSWORD, "PRIVATE KEY"}
    forms = {form for each in secrets for form in (each, json.dumps(each)[1:-1])}

    holders = [
        (path.relative_to(home), form)
        for path in home.rglob("*")
        if path.is_file()
        for form in forms
        if form.encode() in path.read_bytes()
    ]

    assert holders == []


@pytest.mark.usefixtures("landed")
def test_the_demo_sees_that_a_secured_cluster_has_messages(monkeypatch, secured):
    for name, value in secured.environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match="has had messages"):
        refuse_messages(secured.address)


@pytest.mark.parametrize(
    ("command", "changes", "told"),
    [
        pytest.param(LANDING, WRONG, "check KAFKA_SASL_MECHANISM", id="landing"),
        pytest.param(TOPICS, WRONG, "check KAFKA_SASL_MECHANISM", id="creation of topics"),
        pytest.param(EVENTSIM, WRONG, "check KAFKA_SASL_MECHANISM", id="eventsim"),
        pytest.param(LANDING, UNTRUSTED, "KAFKA_SSL_CA_LOCATION (", id="an unknown authority"),
        pytest.param(LANDING, ABSENT, "/none can't be read", id="no file of authorities"),
        pytest.param(EVENTSIM, ABSENT, "/none can't be read", id="none for eventsim"),
    ],
)
def test_who_is_not_let_in_is_told_so_in_one_line(run, command, changes, told):
    answer = run(*command, **changes)

    assert answer.returncode == 1
    assert told in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert "wr0ng-one" not in answer.stderr + answer.stdout


def test_a_cluster_that_is_secured_must_be_named(run):
    answer = run(*LANDING, KAFKA_BOOTSTRAP_SERVERS="")

    assert answer.returncode == 1
    assert "name it in KAFKA_BOOTSTRAP_SERVERS" in answer.stderr

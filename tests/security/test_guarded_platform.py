"""The platform on a Kafka with deploy/kafka's configuration and ACLs.

Each component does its work with exactly what it may, and can do no more; what it leaves behind
holds none of its secrets.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from contracts.errors import UnavailableError
from contracts.events import EVENTS, EVENTS_BY_NAME, LISTEN_EVENTS
from contracts.kafka_security import KafkaSecurity
from contracts.manifests import ManifestLog
from contracts.store import FolderStore
from local.postgres import make_database
from streaming.checkpoint import OffsetRange
from streaming.kafka import Cluster
from streaming.reading import KafkaAccess, chunks_of
from streaming.settings import BrokerSettings

from .guarded_broker import ROOT, GuardedBroker, guarded_broker

# The first test waits for all of landing, and the last for a build.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

ACLS = ROOT / "deploy" / "kafka" / "acls.toml"
USERS = ("eventsim", "landing", "setup", "viewer", "dagster")
"""Those of the file, and one that it has nothing for."""
EVENTSIM = ("eventsim", "--kafka", "--nusers", "20",
            "--start-time", "2026-01-06T00:00:00", "--end-time", "2026-01-07T00:00:00")  # fmt: skip
LANDING = ("streaming", "--once")
TOPICS = ("streaming.broker", "--topics-only")
PATIENCE = 60.0
NOT_ALLOWED = {f"{what}_AUTHORIZATION_FAILED" for what in ("TOPIC", "GROUP", "CLUSTER")}
UNSEEN = {"_NOENT", "UNKNOWN_TOPIC_OR_PART"}
"""What is said of a topic that may not even be seen."""

SECRETS = {
    "MUSICFLOW_ALERT_WEBHOOK": "hooks-5e3b11",
    "MUSICFLOW_PSEUDONYM_KEY": "pseudonyms-90c2d4",
    "MUSICFLOW_SUPPRESSION_KEY": "suppressed-7a41ef",
    "POSTGRES_URL": "postgres-1fd803",
}  # pragma: allowlist secret
"""The secret part of each variable that holds one."""
WAREHOUSE = Path("warehouse/musicflow.duckdb")

Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, broker_settings) -> Iterator[GuardedBroker]:
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("guarded") / "home",
        cache_folder=broker_settings.cache,
        port=0,
        partitions=2,
    )
    with guarded_broker(settings) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="module")
def environment(guarded, tmp_path_factory) -> Callable[[str], dict[str, str]]:
    """What a user's environment says; `admin` is let in by certificate."""
    passwords = tmp_path_factory.mktemp("passwords")

    def environment(user: str) -> dict[str, str]:
        if user == "admin":
            return guarded.as_admin
        file = passwords / user
        file.write_text(f"the pass of {user}\n")
        return guarded.as_user(user, file)

    return environment


@pytest.fixture(scope="module")
def run(home, environment, broker_settings) -> Run:
    """Runs a command as a user."""

    def run(
        user: str, *command: str, said: str = "", home: Path = home, **more: str
    ) -> subprocess.CompletedProcess:
        ours = {
            "MUSICFLOW_HOME": str(home),
            "MUSICFLOW_CACHE": str(broker_settings.cache),
            "MUSICFLOW_START": "2026-01-06",
            "MUSICFLOW_SPARK_MASTER": "local[2]",
            "MUSICFLOW_KAFKA_PATIENCE": "10",
        }
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | environment(user) | ours | more,
            input=said,
            capture_output=True,
            text=True,
            timeout=540,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def admitted(run) -> None:
    """The users have passwords, and the ACLs of the file."""
    for user in USERS:
        made = run("admin", "streaming.users", "password", user, said=f"the pass of {user}\n")
        assert made.returncode == 0, made.stderr
    applied = run("admin", "streaming.users", "apply", str(ACLS))
    assert applied.returncode == 0, applied.stderr


@pytest.fixture(scope="module")
def secrets(postgres_server) -> dict[str, str]:
    """All of a platform's other secrets. Nobody listens where alerts are posted."""
    name = f"guarded_{uuid.uuid4().hex[:12]}"
    make_database(postgres_server, name)
    address = postgres_server.replace("/musicflow?", f"/{name}?")
    return SECRETS | {
        "MUSICFLOW_ALERT_WEBHOOK": f"http://127.0.0.1:1/{SECRETS['MUSICFLOW_ALERT_WEBHOOK']}",
        "POSTGRES_URL": f"{address}&password={SECRETS['POSTGRES_URL']}",
    }


@pytest.fixture(scope="module")
def landed(admitted, run, environment, secrets, home) -> str:
    """Topics were created, events sent and landed, each by its own user; what was said."""
    said = ""
    for user, command in (
        ("setup", TOPICS),
        ("eventsim", EVENTSIM),
        ("landing", ("streaming", "migrate")),
        ("landing", LANDING),
    ):
        if command == LANDING:
            poison(environment("eventsim"))
        # So that an alert is due, whatever the share.
        answer = run(user, *command, MUSICFLOW_ALERT_REJECT_SHARE="0.000001", **secrets)
        assert answer.returncode == 0, answer.stderr
        said += answer.stdout + answer.stderr
    return said


@pytest.fixture(scope="module")
def built(landed, run, secrets) -> str:
    """The hours stand in the warehouse; what was said, from the first command on."""
    some_hours = ("--from", "2026-01-06T08", "--to", "2026-01-06T10")
    answer = run("dagster", "musicflow_dagster", "backfill", *some_hours, **secrets)
    assert answer.returncode == 0, answer.stderr
    return landed + answer.stdout + answer.stderr


@pytest.fixture
def admin_of(environment) -> Callable[[str], AdminClient]:
    return lambda user: AdminClient(options_of(environment(user)))


def options_of(environment: dict[str, str]) -> dict:
    address = environment["KAFKA_BOOTSTRAP_SERVERS"]
    return {"bootstrap.servers": address, "log_level": 0,
            **KafkaSecurity.read(environment).as_librdkafka()}  # fmt: skip


def poison(environment: dict[str, str]) -> None:
    sender = Producer(options_of(environment))
    sender.produce(LISTEN_EVENTS.name, b"no JSON")
    assert sender.flush(PATIENCE) == 0


def until(done: Callable[[], object]) -> None:
    """Try until it is done."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            done()
        except UnavailableError:
            assert time.monotonic() < deadline
        else:
            return


def refusal_of(ask: Callable[[], object]) -> str:
    with pytest.raises(KafkaException) as refused:
        ask()
    return refused.value.args[0].name()


@pytest.mark.usefixtures("landed")
def test_landing_lands(home):
    store = FolderStore(home / "lake")
    manifests = {event.name: list(ManifestLog(store, event.name).after(0)) for event in EVENTS}

    assert sum(each.accepted for each in manifests[LISTEN_EVENTS.name]) > 0


@pytest.mark.usefixtures("landed")
def test_landing_may_ask_how_long_kafka_keeps_messages(admin_of):
    client = admin_of("landing")
    (asked,) = client.describe_configs(
        [ConfigResource(ResourceType.TOPIC, LISTEN_EVENTS.name)]
    ).values()

    assert int(asked.result(PATIENCE)["retention.ms"].value) > 0


@pytest.mark.usefixtures("landed")
def test_landing_shows_its_lag_in_groups_of_its_own_only(environment, admin_of):
    ours, group = environment("landing"), "musicflow-of-this-test"
    security = KafkaSecurity.read(ours)
    cluster = Cluster(ours["KAFKA_BOOTSTRAP_SERVERS"], PATIENCE, security)
    # A new cluster first has to find somebody who keeps groups.
    until(lambda: cluster.commit_group(group, LISTEN_EVENTS.name, {0: 1}))

    viewer = admin_of("viewer")  # without a name it would be gone before its answer is here
    (answer,) = viewer.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    with pytest.raises(UnavailableError, match="Group authorization failed"):
        cluster.commit_group("of-others", LISTEN_EVENTS.name, {0: 1})

    assert [each.offset for each in answer.result(PATIENCE).topic_partitions] == [1]


@pytest.mark.usefixtures("landed")
def test_what_was_applied_is_what_stands(run):
    checked = run("admin", "streaming.users", "check", str(ACLS))

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.usefixtures("landed")
def test_a_user_that_may_more_than_the_file_says_is_cut_back(run, tmp_path):
    bold = tmp_path / "acls.toml"
    bold.write_text('[users.viewer]\nevents = ["Describe", "Read"]')
    assert run("admin", "streaming.users", "apply", str(bold)).returncode == 0

    checked = run("admin", "streaming.users", "check", str(ACLS))
    applied = run("admin", "streaming.users", "apply", str(ACLS))

    assert checked.returncode == 1
    assert "- User:viewer may Read topic listen_events\n" in checked.stdout
    assert "+ User:viewer may Describe the cluster\n" in checked.stdout
    assert applied.stdout.endswith(f"{len(EVENTS) + 3} ACLs added, {len(EVENTS)} removed\n")


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize("user", ["eventsim", "viewer"])
def test_who_only_sends_or_looks_reads_no_message(user, environment):
    messages = Consumer({**options_of(environment(user)), "group.id": "musicflow-theft"})
    messages.assign([TopicPartition(LISTEN_EVENTS.name, 0, 0)])
    come = messages.consume(1, PATIENCE)
    messages.close()

    # The client asks about its group first; whichever is refused, there is no message.
    assert {each.error().name() for each in come} <= NOT_ALLOWED
    assert come


@pytest.mark.usefixtures("landed")
def test_a_task_of_landings_that_may_not_read_says_so(environment):
    security = KafkaSecurity.read(environment("viewer"))
    access = KafkaAccess.of(environment("viewer")["KAFKA_BOOTSTRAP_SERVERS"], 2, security)

    with pytest.raises(UnavailableError, match="authorization failed"):
        list(chunks_of(access, OffsetRange(LISTEN_EVENTS.name, 0, 0, 1)))


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize("user", ["landing", "setup", "viewer", "dagster"])
def test_only_eventsim_sends(user, environment):
    told: list[KafkaError] = []
    sender = Producer({**options_of(environment(user)), "message.timeout.ms": PATIENCE * 1000})
    sender.produce(LISTEN_EVENTS.name, b"{}", on_delivery=lambda error, _: told.append(error))
    sender.flush(PATIENCE + 5)

    assert {each.name() for each in told} <= NOT_ALLOWED
    assert told


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize("user", ["eventsim", "landing", "viewer", "dagster"])
def test_only_setup_creates_topics_and_only_ours(user, admin_of):
    for name in ("mine", LISTEN_EVENTS.name + "_2"):
        for client in (admin_of(user), admin_of("setup")):
            (created,) = client.create_topics([NewTopic(name, 1)]).values()
            assert refusal_of(lambda created=created: created.result(PATIENCE)) in NOT_ALLOWED


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize("user", ["eventsim", "landing", "setup", "viewer", "dagster"])
def test_nobody_deletes_a_topic_or_what_it_holds(user, admin_of):
    client = admin_of(user)
    (deleted,) = client.delete_topics([LISTEN_EVENTS.name]).values()
    (emptied,) = client.delete_records([TopicPartition(LISTEN_EVENTS.name, 0, 1)]).values()
    retention = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    topic = ConfigResource(ResourceType.TOPIC, LISTEN_EVENTS.name, incremental_configs=[retention])
    (shortened,) = client.incremental_alter_configs([topic]).values()

    for order in (deleted, emptied, shortened):
        assert refusal_of(lambda order=order: order.result(PATIENCE)) in NOT_ALLOWED | UNSEEN


@pytest.mark.usefixtures("landed")
def test_who_has_no_part_sees_nothing(admin_of):
    assert not EVENTS_BY_NAME.keys() & admin_of("dagster").list_topics(timeout=PATIENCE).topics


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize(
    ("user", "command", "told"),
    [
        pytest.param("landing", EVENTSIM, "authorization failed", id="landing as eventsim"),
        pytest.param("dagster", TOPICS, "authorization failed", id="dagster as setup"),
        pytest.param("dagster", LANDING, "has no topic", id="dagster as landing"),
        pytest.param(
            "eventsim", ("streaming.users", "check", str(ACLS)), "change no users", id="as admin"
        ),
    ],
)
def test_a_command_with_another_ones_user_ends_with_one_line(user, command, told, run, tmp_path):
    answer = run(user, *command, home=tmp_path)

    *logged, last = answer.stderr.splitlines()
    assert answer.returncode == 1
    assert told in last.lower()
    assert [line for line in logged if " level=info " not in line] == []


def test_no_file_and_no_log_of_a_platform_holds_a_secret(built, home):
    passwords = {f"the pass of {user}" for user in USERS}
    files = {path.relative_to(home): path for path in home.rglob("*") if path.is_file()}
    holders = {
        (name, secret)
        for secret in {"PRIVATE KEY", *passwords, *SECRETS.values()}
        for name, path in files.items()
        if secret.encode() in path.read_bytes()
    }

    assert WAREHOUSE in files
    # Who may read staging may know whose pseudonym is whose; that is what it is for.
    assert {name for name, secret in holders} <= {WAREHOUSE}
    assert {secret for name, secret in holders} <= {SECRETS["MUSICFLOW_PSEUDONYM_KEY"]}
    assert [each for each in {*passwords, *SECRETS.values()} if each in built] == []


def test_an_alert_that_nobody_takes_does_not_tell_where_it_was_to_go(landed):
    assert "MUSICFLOW_ALERT_WEBHOOK did not take an alert" in landed

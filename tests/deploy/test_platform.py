"""The compose file's services run: as processes, from the images' steps, until each is healthy.

Docker itself is not needed, and not tried. Kafka runs from our jars with the file's settings,
Postgres from its package with the file's command, the bucket from the source of its image.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import dagster as dg
import psycopg
import pytest
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from contracts.manifests import ManifestLog
from contracts.publication import POINTER
from contracts.store import open_store
from local.object_stores import answers
from tests.deploy import servers
from tests.deploy.compose import DOWNLOADS, Service, services
from tests.deploy.dockerfile import IMAGES, replayed
from tests.deploy.processes import (
    PATIENCE,
    Container,
    Machine,
    configs_of_the_file,
    quiet_port,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_800)]

LASTING = ("landing", "eventsim", "daemon", "code", "webserver", "dashboard")
ONCE = ("topics", "migrate", "grants")
QUICK = {
    "MUSICFLOW_TRIGGER": "5 seconds",
    "MUSICFLOW_LISTENERS": "300",
    "MUSICFLOW_START": f"{datetime.now(UTC) - timedelta(hours=2):%Y-%m-%dT%H}:00:00Z",
}
"""Values of the file of which the tests have less to wait for: one or two hours are built."""
ENTRIES = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


class Platform:
    """The services of the file, started in its order."""

    def __init__(self, machine: Machine, read: dict[str, Service]) -> None:
        self.machine = machine
        self.containers = {name: Container(each, machine) for name, each in read.items()}
        self.ended: dict[str, int] = {}
        self.ports = {port: quiet_port() for port in ("3000", "4000", "8501", "9464")}
        for port, here in self.ports.items():
            machine.replace(rf"(?<!\d){port}(?!\d)", str(here))
        machine.replace("^code$", "127.0.0.1")

    def start(self, name: str) -> None:
        """Start a service once those that it waits for are as far as it wants them."""
        container = self.containers[name]
        for needed, how in container.service.needs.items():
            if how == "service_healthy" and needed in LASTING:
                self.containers[needed].await_healthy()
        if name in ONCE:
            self.ended[name] = container.run_to_its_end()
        else:
            container.start()

    def written_to_images(self) -> list[str]:
        """Files of the images that changed since they were made."""
        return [
            str(path)
            for image in self.machine.images.values()
            for path in image.root.rglob("*")
            if path.lstat().st_mtime_ns > (image.root / ".made").stat().st_mtime_ns
        ]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    images = {each: replayed(each, folder / "images" / each, DOWNLOADS) for each in IMAGES}
    for image in images.values():
        (image.root / ".made").touch()
    machine = Machine(folder, images)
    configs_of_the_file(folder / "configs")
    read = services(QUICK)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        broker, database = (Container(read[name], machine) for name in ("kafka", "postgres"))
        machine.postgres = stack.enter_context(servers.postgres(database, machine, patch))
        stack.enter_context(servers.kafka(broker, machine, folder / "broker"))
        platform = Platform(machine, read)
        platform.containers["postgres"] = database
        for name in read:
            if name in ONCE + LASTING:
                stack.callback(platform.containers[name].remove)
                platform.start(name)
        yield platform


def until(found, platform: Platform, *names: str):
    """What `found` returns, once it is something; otherwise the words of these services."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()):
        words = [platform.containers[name].words() for name in names]
        assert time.monotonic() < deadline, "\n".join(words)
        time.sleep(0.5)
    return answer


@pytest.mark.parametrize("name", ONCE)
def test_a_service_that_prepares_something_ends_well(platform, name):
    assert platform.ended[name] == 0, platform.containers[name].words()


@pytest.mark.parametrize("name", ["postgres", *LASTING])
def test_a_service_is_healthy_by_its_own_check(platform, name):
    platform.containers[name].await_healthy()


def test_what_listeners_do_lands_in_the_lake(platform):
    lake = open_store(str(platform.machine.volume("lake")))
    log = ManifestLog(lake, "listen_events")

    assert until(lambda: list(log.after(0)), platform, "eventsim", "landing")


def test_the_web_interface_shows_the_code_location_behind_grpc(platform):
    address = f"http://127.0.0.1:{platform.ports['3000']}/graphql"
    body = json.dumps({"query": ENTRIES}).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(address, body, headers), timeout=60) as answer:
        entries = json.load(answer)["data"]["workspaceOrError"]["locationEntries"]

    assert entries == [{"name": "musicflow", "loadStatus": "LOADED"}]


@pytest.fixture
def instance(platform, monkeypatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's storage, as the services see it."""
    told = platform.containers["code"].environment
    for name, value in told.items():
        if name.startswith(("MUSICFLOW_DAGSTER", "DAGSTER_HOME")):
            monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(told["DAGSTER_HOME"]) as opened:
        yield opened


def test_hours_are_built_by_a_run_of_the_code_location_and_published(platform, instance):
    hourly = dg.RunsFilter(job_name="hourly", statuses=[dg.DagsterRunStatus.SUCCESS])
    until(lambda: instance.get_runs(hourly, limit=1), platform, "daemon", "code", "landing")

    assert (platform.machine.volume("snapshot") / POINTER).exists()


def test_the_dashboards_user_reads_the_metrics_and_no_listener(platform):
    address = platform.machine.postgres.replace("/postgres?", "/musicflow?")
    with psycopg.connect(address.replace("postgres@", "dashboard@")) as connection:
        connection.execute("select count(*) from minute_metrics")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select count(*) from raw_events")


def test_the_bucket_of_this_machine_is_made_once_and_found_again(platform):
    machine, read = platform.machine, services(QUICK)
    storage, bucket = (Container(read[name], machine) for name in ("storage", "bucket"))
    with servers.storage(storage, machine):
        # Its check is wget's, which is in its image; here the same page is asked for.
        page = machine.mapped(read["storage"].healthcheck[-1], read["storage"], None)
        storage.wait_for(lambda: answers(page))
        assert [bucket.run_to_its_end() for _ in range(2)] == [0, 0], bucket.words()
        with urlopen(page.replace("_internal/healthcheck", "storage/v1/b/musicflow")) as answer:
            assert json.load(answer)["name"] == "musicflow"


def test_nothing_is_written_but_to_volumes_and_temporary_folders(platform):
    assert platform.written_to_images() == []


@pytest.mark.parametrize("name", LASTING)
def test_a_service_ends_by_itself_within_its_grace_when_it_is_stopped(platform, instance, name):
    container = platform.containers[name]
    assert container.process.poll() is None, container.words()
    if name == "code":
        # It lets a run end first, which may take longer than its grace.
        under_way = dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES))
        until(lambda: not instance.get_runs(under_way), platform, "code")

    assert container.stop() == 0, container.words()

"""Serving on a real broker, Spark and Postgres: each event is in Postgres once, come what may."""

import itertools
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from confluent_kafka import Producer
from psycopg import conninfo

from contracts.errors import MusicFlowError
from contracts.events import MUSIC_EVENTS
from contracts.live import read_live
from contracts.manifests import ManifestLog
from contracts.postgres import PostgresUrl
from contracts.store import open_store
from local.object_stores import free_port
from streaming.broker import running_broker
from streaming.landing import land
from streaming.serving.live_state import KEPT
from streaming.serving.merge import take_turn
from streaming.serving.migrate import ready_connection
from streaming.settings import BrokerSettings, LandingSettings
from tests.streaming.landed import landing_process, manifests, until

from .actions import check_metrics_are_a_recount, message, minute_metrics

pytestmark = pytest.mark.integration

TOPIC = MUSIC_EVENTS.name
SECRET = "not-to-be-told"  # pragma: allowlist secret


class Player:
    """Sends actions, each by a number of its own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[int] = []
        self._numbers = itertools.count()
        self._producer = Producer({"bootstrap.servers": address})

    def act(self, count: int) -> None:
        self.send([next(self._numbers) for _ in range(count)])

    def send(self, numbers: list[int], *others: bytes) -> None:
        self.sent += numbers
        for value in [*map(message, numbers), *others]:
            self._producer.produce(TOPIC, value)
            self._producer.poll(0)
        assert self._producer.flush(60) == 0

    @property
    def ids(self) -> list[str]:
        return sorted(f"e-{each}" for each in set(self.sent))


@pytest.fixture(scope="module")
def address(tmp_path_factory, broker_settings) -> Iterator[str]:
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("serving-broker"),
        cache_folder=broker_settings.cache,
        port=0,
        partitions=3,
    )
    with running_broker(settings) as (address, _):
        yield address


@pytest.fixture(scope="module")
def player(address) -> Player:
    return Player(address)


@pytest.fixture
def settings(tmp_path, address, broker_settings, postgres, monkeypatch) -> LandingSettings:
    monkeypatch.setenv("POSTGRES_URL", postgres.url)
    return LandingSettings.read(
        home=tmp_path / "home",
        cache_folder=broker_settings.cache,
        kafka=address,
        start="2026-01-01",
        trigger="1 second",
        serving_trigger="1 second",
    )


@pytest.fixture
def guest(postgres, monkeypatch) -> Iterator[PostgresUrl]:
    """The database, for one who is no superuser."""
    with postgres.connect() as connection:
        connection.execute(f"create role guest login password '{SECRET}'")
        connection.execute("grant all on schema public to guest")
    url = PostgresUrl(postgres.url.replace("//postgres@", f"//guest:{SECRET}@"))
    ready_connection(url).close()
    monkeypatch.setenv("POSTGRES_URL", url.url)
    yield url
    with postgres.connect() as connection:
        connection.execute("drop owned by guest")
        connection.execute("drop role guest")


@pytest.fixture
def address_that_comes(postgres, tmp_path, monkeypatch):
    """Brings the server to the address that POSTGRES_URL names, which leads nowhere before."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        link = Path(folder) / "pg"
        sockets = conninfo.conninfo_to_dict(postgres.url)["host"]
        monkeypatch.setenv("POSTGRES_URL", postgres.url.partition("?")[0] + f"?host={link}")

        def come() -> PostgresUrl:
            link.symlink_to(sockets)
            return postgres

        yield come


@pytest.fixture
def landing(settings, spark, monkeypatch, address_that_comes):
    """Landing in this process, for the length of a block; what it gets is asked for metrics."""

    @contextmanager
    def run() -> Iterator[Callable[[], str]]:
        stop = threading.Event()
        port = free_port()
        watched = settings.__class__.read(
            **{name: getattr(settings, name) for name in settings.model_fields_set}
            | {"metrics_port": port}
        )

        def ask() -> str:
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                return answer.read().decode()
            return ""

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(land, watched, [MUSIC_EVENTS], stop, once=False,
                               session=lambda _: nullcontext(spark))  # fmt: skip
            try:
                yield ask
            finally:
                stop.set()
                done.result(120)

    return run


@pytest.fixture
def land_once(settings, spark):
    def run(settings: LandingSettings = settings) -> None:
        # The address is read when settings are made: it may have changed since.
        known = {name: getattr(settings, name) for name in settings.model_fields_set}
        land(LandingSettings.read(**known), [MUSIC_EVENTS], threading.Event(), once=True,
             session=lambda _: nullcontext(spark))  # fmt: skip

    return run


def batches_of(postgres) -> list[tuple[int, int]]:
    """Events and insertions of each batch, in order."""
    with postgres.connect() as connection:
        return connection.execute(
            "select events, inserted from serving_batches order by committed_at"
        ).fetchall()


def served(postgres) -> int:
    with postgres.connect() as connection:
        made = connection.execute("select to_regclass('raw_events')").fetchone()
        if made == (None,):
            return 0
        return connection.execute("select count(*) from raw_events").fetchone()[0]


def waits_for_its_turn(postgres) -> bool:
    """Whether a batch is staged, and would be merged if nobody else were at it."""
    with postgres.connect() as connection:
        found = connection.execute(
            "select count(*) from pg_stat_activity where wait_event = 'advisory' "
            "and datname = current_database()"
        ).fetchone()
    return found != (0,)


def others_in(postgres) -> bool:
    with postgres.connect() as connection:
        found = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).fetchone()
    return found != (0,)


def check_all_served(postgres, player) -> None:
    with postgres.connect() as connection:
        assert sorted(check_metrics_are_a_recount(connection)["event_id"]) == player.ids


def test_events_are_served_and_rejects_left_to_the_lake(land_once, settings, postgres, player):
    player.act(300)
    player.send([5, 6, 7], b"not json", b"")

    land_once()

    check_all_served(postgres, player)
    with postgres.connect() as connection:
        batches = connection.execute(
            "select sum(events), sum(inserted), sum(rejected) from serving_batches"
        ).fetchone()
    landed = list(ManifestLog(open_store(settings.lake), TOPIC).after(0))
    assert batches == (
        sum(each.accepted for each in landed), 300, sum(each.rejected for each in landed)
    )  # fmt: skip


def test_serving_goes_on_where_it_ended(land_once, postgres, player):
    land_once()
    player.act(20)
    land_once()
    land_once()

    check_all_served(postgres, player)


def test_live_counts_are_a_recount_too(land_once, settings, postgres, player):
    player.act(40)
    land_once(settings.model_copy(update={"keeps_live": True}))

    counts = read_live(open_store(settings.lake)).counts
    with postgres.connect() as connection:
        newest = counts["window_start"].max()
        wanted = [each for each in minute_metrics(connection) if each[0] > newest - KEPT]
    assert counts.drop("is_final").rows() == wanted


def test_a_lost_checkpoint_begins_where_postgres_stands(land_once, settings, postgres, player):
    land_once()
    shutil.rmtree(settings.checkpoint("serving"))
    player.act(10)

    land_once()

    check_all_served(postgres, player)
    assert batches_of(postgres)[-1] == (10, 10), "nothing was read again"


def test_an_empty_database_gets_all_that_kafka_holds(land_once, settings, postgres, player):
    land_once()
    with postgres.connect() as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")

    land_once()

    check_all_served(postgres, player)


def test_what_is_read_again_changes_nothing(land_once, postgres, player):
    land_once()
    with postgres.connect() as connection:
        connection.execute("delete from serving_offsets")

    land_once()

    check_all_served(postgres, player)
    assert batches_of(postgres)[-1][1] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param("update musicflow_schema set version_num = '9999'",
                     "a schema that this version does not know", id="newer schema"),
        pytest.param("alter role guest set default_transaction_read_only = on",
                     "read-only transaction", id="read-only"),
        pytest.param("alter role guest connection limit 0", "too many connections",
                     id="out of connections"),
        pytest.param("revoke insert on raw_events from guest", "permission denied",
                     id="a right was taken away"),
        pytest.param("alter role guest password 'another' nologin", "not permitted to log in",
                     id="nobody is let in"),
    ],
)  # fmt: skip
def test_what_keeps_postgres_from_working_holds_up_no_landing(  # noqa: PLR0917  fixtures
    land_once, settings, guest, postgres, player, change, words
):
    with postgres.connect() as connection:
        connection.execute(change)
    player.act(1)

    with pytest.raises(MusicFlowError, match=words) as told:
        land_once(settings.model_copy(update={"serving_patience_seconds": 0}))

    assert SECRET not in str(told.value)
    assert len(list(ManifestLog(open_store(settings.lake), TOPIC).after(0))) == 1


def test_a_postgres_that_is_away_is_waited_for(landing, settings, address_that_comes, player):
    player.act(5)
    with landing() as metrics:
        until(lambda: manifests(settings, TOPIC), "the lake has it")
        until(lambda: 'serving_up{sink="serving"} 0.0' in metrics(), "it is told")
        postgres = address_that_comes()
        until(lambda: 'serving_up{sink="serving"} 1.0' in metrics(), "it goes on")
        until(lambda: served(postgres) == len(player.ids), "all is served")
        with postgres.connect() as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        player.act(5)
        until(lambda: served(postgres) == len(player.ids), "it has come back")

    check_all_served(postgres, player)


def test_killed_before_and_after_its_commit_each_event_counts_once(
    settings, postgres, player, land_once
):
    ready_connection(postgres).close()
    player.act(200)
    with postgres.connect() as holds:
        take_turn(holds)
        with landing_process(settings, "--topic", TOPIC) as process:
            until(lambda: waits_for_its_turn(postgres) or process.poll() is not None, "a merge")
            process.kill()
            process.wait()
    # Its transaction gets its turn now, and nobody is there to commit it.
    until(lambda: not others_in(postgres), "its connections are gone")
    assert served(postgres) == 0
    with landing_process(settings, "--topic", TOPIC) as process:
        until(lambda: served(postgres) > 0 or process.poll() is not None, "a commit")
        process.kill()
    player.act(10)

    land_once()

    check_all_served(postgres, player)

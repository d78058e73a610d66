"""Events of files in Postgres: each once, whether by way of the lake or not."""

import pytest

from contracts.errors import ConfigurationError, UnavailableError
from contracts.postgres import PostgresUrl
from contracts.suppression import SuppressionKey, SuppressionList
from streaming.batch import landing, serving
from streaming.batch.landing import Destination, FileLanding
from streaming.batch.source import Reading, source_of
from tests.streaming.judging import LIMITS

from .landing import Inbox, as_csv, listens

pytestmark = pytest.mark.integration
PLAY = {
    "event_id": "e", "user_id": 42, "session_id": 7, "event_type": "play", "song_id": "S1",
    "song": "S", "artist": "A", "position_seconds": 0.5, "device_type": "phone", "region": "NV",
    "country": "US", "ts": 1_767_243_600_000,
}  # fmt: skip
NAME = "music_events.csv"


def plays(first: int, end: int, **fields):
    return [PLAY | {"event_id": f"e{each}", "ts": PLAY["ts"] + each} | fields
            for each in range(first, end)]  # fmt: skip


@pytest.fixture
def inbox(tmp_path) -> Inbox:
    return Inbox(tmp_path, "music_events")


@pytest.fixture
def land(inbox, postgres, monkeypatch):
    monkeypatch.setattr(serving, "SLICE_ROWS", 4)
    monkeypatch.setattr(landing, "SLICE_ROWS", 4)

    def into(target, path, url=postgres):
        to = Destination(str(inbox.lake.root), LIMITS, 2**20, target, url)
        return FileLanding(to, source_of(path, Reading())).land()

    return into


def ids(postgres) -> list[str]:
    with postgres.connect() as connection:
        rows = connection.execute("select event_id from raw_events order by event_id")
        return [each for (each,) in rows]


def recount(postgres) -> tuple[int, int]:
    """Events by the metrics, and by the events themselves."""
    with postgres.connect() as connection:
        return connection.execute(
            "select (select sum(events)::int from daily_metrics), (select count(*) from raw_events)"
        ).fetchone()


@pytest.mark.parametrize("target", ["postgres", "both"])
def test_each_event_is_there_once_however_often_files_come(inbox, land, postgres, target):
    bad = plays(9, 10, event_type="dance")
    first = inbox.put(NAME, as_csv(plays(0, 9) + bad))
    overlapping = inbox.put("music_events-2.csv", as_csv(plays(6, 12)))
    told = [land(target, each) for each in (first, overlapping, first)]

    assert ids(postgres) == sorted(f"e{each}" for each in range(12))
    assert recount(postgres) == (12, 12)
    assert [(each.accepted, each.rejected) for each in told] == [(9, 1), (6, 0), (9, 1)]
    assert [(each.inserted, each.duplicates) for each in told[:2]] == [(9, 0), (3, 3)]
    assert [each.landed_before for each in told] == [False, False, True]
    assert [(line, reasons) for line, _, reasons in inbox.rejects()] == [
        (11, ["not_allowed:event_type"])
    ]
    assert len(inbox.rows()) == (15 if target == "both" else 0)
    assert inbox.holds_only_what_manifests_name()


def test_what_landed_in_the_lake_before_is_loaded_from_there(inbox, land, postgres):
    path = inbox.put(NAME, as_csv(plays(0, 9)))
    land("lake", path)
    told = land("both", path)

    assert (told.landed_before, told.parts, told.inserted) == (True, 0, 9)
    assert len(ids(postgres)) == 9


@pytest.mark.parametrize("target", ["postgres", "both"])
@pytest.mark.parametrize("loads", [0, 1, 2])
def test_killed_between_two_loads_the_next_run_finishes(inbox, land, postgres, target, loads):
    path = inbox.put(NAME, as_csv(plays(0, 10)))
    load_rows, done = serving.load_rows, []

    def dying(*given, **named):
        if len(done) == loads:
            raise KeyboardInterrupt
        done.append(load_rows(*given, **named))
        return done[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "load_rows", dying)
        with pytest.raises(KeyboardInterrupt):
            land(target, path)
    told = land(target, path)

    assert len(ids(postgres)) == 10
    assert recount(postgres) == (10, 10)
    assert told.accepted == 10
    assert inbox.holds_only_what_manifests_name()


def test_a_database_that_is_new_gets_all_of_a_file_that_had_landed_in_another(
    inbox, land, postgres
):
    path = inbox.put(NAME, as_csv(plays(0, 10) + plays(10, 11, event_type="dance")))
    land("postgres", path)
    with postgres.connect() as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        connection.commit()
    load_rows, done = serving.load_rows, []

    def dying(*given, **named):
        if done:
            raise KeyboardInterrupt
        done.append(load_rows(*given, **named))
        return done[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "load_rows", dying)
        with pytest.raises(KeyboardInterrupt):
            land("postgres", path)
    told = land("postgres", path)

    assert (told.landed_before, told.inserted, len(ids(postgres))) == (True, 6, 10)
    assert len(inbox.rejects()) == 1


def test_other_events_have_no_place_there(inbox, land):
    path = inbox.put("listen_events.csv", as_csv(listens(1)))

    with pytest.raises(ConfigurationError, match="land listen_events with --to lake"):
        land("both", path)


def test_a_server_that_is_away_is_one_clear_error_and_the_file_lands_later(inbox, land, postgres):
    path = inbox.put(NAME, as_csv(plays(0, 2)))

    with pytest.raises(UnavailableError, match="Postgres"):
        land("both", path, url=PostgresUrl("postgresql://nobody@127.0.0.1:1/none"))
    assert land("both", path).inserted == 2


@pytest.mark.parametrize("target", ["postgres", "both"])
def test_who_is_on_the_list_is_not_loaded(inbox, postgres, target):
    key = SuppressionKey("the key of these tests")
    SuppressionList(inbox.lake, key).add(42, "Ada")
    to = Destination(str(inbox.lake.root), LIMITS, 2**20, target, postgres, key)
    path = inbox.put(NAME, as_csv(plays(0, 3) + plays(3, 5, user_id=7)))

    landed = FileLanding(to, source_of(path, Reading())).land()

    assert (landed.accepted, landed.rejected, landed.inserted) == (2, 0, 2)
    assert ids(postgres) == ["e3", "e4"]

"""Configuration files, songs files, replay folders and options: read, or refused clearly."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from contracts.errors import ConfigurationError
from eventsim.catalog import built_in_catalog, read_catalog
from eventsim.config import default_config, read_config
from eventsim.machine import Machine
from eventsim.manual import LOCAL_BROKER
from eventsim.options import simulation_settings

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def configured(tmp_path, **changes):
    """The built-in configuration with changes, as a file."""
    document = json.loads(msgspec.json.encode(default_config()))
    path = tmp_path / "config.json"
    path.write_text(json.dumps(document | changes))
    return path


@pytest.mark.shared
@pytest.mark.parametrize("name", ["example-config.json", "alt-example-config.json"])
def test_the_classic_files_are_read_unchanged(shared_data, name):
    config = read_config(shared_data / "eventsim" / name)

    assert len(Machine(config).states) == 40
    assert config.musicflow.player is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"alpa": 3}, "alpa", id="misspelt key"),
        pytest.param({"alpha": "fast"}, "alpha", id="wrong type"),
        pytest.param({"alpha": -1}, "alpha must be", id="out of range"),
        pytest.param({"musicflow": {"player": {"skip": 2}}}, "player.skip", id="our section"),
    ],
)
def test_a_wrong_key_is_named(tmp_path, changes, message):
    with pytest.raises(ConfigurationError, match=message):
        read_config(configured(tmp_path, **changes))


def test_broken_json_is_told_by_its_line(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{\n"alpha": 60,\n"beta": oops\n}')

    with pytest.raises(ConfigurationError, match="line 3"):
        read_config(path)


HOME = {"page": "Home", "method": "GET", "status": 200, "auth": "Logged In", "level": "free"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"transitions": [{"source": HOME, "dest": HOME, "p": 0.7}] * 2},
            "p from Home .* sum to 1.4",
            id="probabilities above 1",
        ),
        pytest.param(
            {
                "churned-state": None,
                "transitions": [{"source": HOME, "dest": HOME | {"page": "Hoem"}, "p": 0.7}],
            },
            "unknown page 'Hoem'",
            id="unknown page",
        ),
        pytest.param({"churned-state": "Gone"}, "'Gone'", id="churned state out of reach"),
        pytest.param(
            {"new-session": [HOME | {"weight": 1}], "churned-state": None},
            "new-session",
            id="no way back",
        ),
    ],
)
def test_a_wrong_machine_names_the_state(tmp_path, changes, message):
    with pytest.raises(ConfigurationError, match=message):
        Machine(read_config(configured(tmp_path, **changes)))


def test_the_built_in_songs_are_unique():
    songs = built_in_catalog(0.8).songs

    assert len({(song.artist, song.title) for song in songs}) == 10_000
    assert len({song.song_id for song in songs}) == 10_000


@pytest.mark.shared
def test_the_million_song_subset_is_read(shared_data):
    songs = read_catalog(shared_data / "msd" / "songs.csv").songs

    assert len(songs) == 9_999
    assert songs[0].song_id.startswith("SO")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("artist,title\nA,B\n", "row 1: no column duration", id="no column"),
        pytest.param("artist,title,duration\nA,B,9\nA,C,x\n", "row 3, column duration", id="word"),
        pytest.param("artist,title,duration\nA,B,-1\n", "row 2, column duration", id="negative"),
        pytest.param("artist,title,duration\n,B,1\n", "row 2, column artist: empty", id="empty"),
        pytest.param("artist,title,duration\nA\n", "row 2, column title", id="short row"),
        pytest.param("artist,title,duration\n", "no songs", id="no rows"),
    ],
)
def test_a_wrong_songs_file_is_told_by_row_and_column(tmp_path, text, message):
    path = tmp_path / "songs.csv"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=message):
        read_catalog(path)


def test_the_command_line_goes_before_the_file(tmp_path):
    path = configured(tmp_path, **{"n-users": 5, "seed": 3, "growth-rate": 0.1})
    arguments = ["--config", str(path), "--nusers", "7", "--seed", "9", "--output", "x"]

    settings = simulation_settings(arguments, {}, NOW)

    assert (settings.users, settings.config.seed, settings.config.growth_rate) == (7, 9, 0.1)


@pytest.mark.parametrize(
    ("said", "environment", "broker"),
    [
        pytest.param(["--kafka", "a:1"], {"KAFKA_BOOTSTRAP_SERVERS": "b:2"}, "a:1", id="said"),
        pytest.param(["--kafka"], {"KAFKA_BOOTSTRAP_SERVERS": "b:2"}, "b:2", id="environment"),
        pytest.param(["--kafka"], {}, LOCAL_BROKER, id="local"),
        pytest.param(["--output", "x"], {"KAFKA_BOOTSTRAP_SERVERS": "b:2"}, None, id="not asked"),
    ],
)
def test_the_broker_is_the_one_said_then_the_environments(said, environment, broker):
    assert simulation_settings(said, environment, NOW).kafka == broker


@pytest.mark.parametrize(
    ("arguments", "start", "end"),
    [
        pytest.param(["--from", "2", "--to", "1"], "2026-04-29T12", "2026-04-30T12", id="days ago"),
        pytest.param(["--start-time", "2024-03-01"], "2024-03-01T00", "2024-03-02T00", id="a day"),
        pytest.param([], "2024-01-01T00", "2024-01-02T00", id="as the file says"),
        pytest.param(
            ["--start-time", "2024-03-01T00:00:00+01:00", "--end-time", "2024-03-01"],
            "2024-02-29T23",
            "2024-03-01T00",
            id="zones",
        ),
    ],
)
def test_times_are_read_as_utc(arguments, start, end):
    settings = simulation_settings([*arguments, "--output", "x"], {}, NOW)
    times = [datetime.fromtimestamp(at, UTC) for at in (settings.start, settings.end)]

    assert [f"{at:%Y-%m-%dT%H}" for at in times] == [start, end]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "nowhere to write to", id="no output"),
        pytest.param(
            ["--output", "x", "--start-time", "2024-01-02", "--end-time", "2024-01-01"],
            "is not after",
            id="end before start",
        ),
        pytest.param(["--output", "x", "--start-time", "noon"], "--start-time", id="no time"),
        pytest.param(["--output", "x", "--nusers", "-1"], "n-users must be", id="negative"),
    ],
)
def test_wrong_options_are_told(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        simulation_settings(arguments, {}, NOW)

"""Configuration files, songs files, replay folders and options: read, or refused clearly."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from contracts.errors import ConfigurationError
from eventsim.__main__ import main
from eventsim.catalog import built_in_catalog, read_catalog
from eventsim.config import default_config, read_config
from eventsim.invented import GENRES
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
        pytest.param(
            {"musicflow": {"player": {"pause-seconds": -1}}}, "pause-seconds", id="negative pause"
        ),
        pytest.param({"musicflow": {"countries": []}}, "countries needs", id="no country"),
        pytest.param(
            {"musicflow": {"countries": [{"country": "DE", "weight": 1}]}},
            "'DE' needs places",
            id="no places",
        ),
        pytest.param({"musicflow": {"zipf-exponent": -1}}, "zipf-exponent", id="exponent"),
        pytest.param({"levels": []}, "levels needs", id="no level"),
        pytest.param({"auths": [{"auth": "Guest", "weight": 0}]}, "auths needs", id="weights of 0"),
        pytest.param(
            {"levels": [{"level": "free", "weight": -1}]}, r"levels\[0\].weight", id="weight"
        ),
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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(b'{\n"alpha": 60,\n', "line 3", id="ends too early"),
        pytest.param('{\n"tag": "ü"\n}'.encode("latin-1"), "line 2: .* UTF-8", id="Latin-1"),
    ],
)
def test_a_broken_file_is_told_by_its_line(tmp_path, text, line):
    path = tmp_path / "config.json"
    path.write_bytes(text)

    with pytest.raises(ConfigurationError, match=line):
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
        pytest.param({"churned-state": "Gone"}, "'Gone'", id="no churned state"),
        pytest.param(
            {
                "transitions": [
                    {
                        "source": HOME | {"page": "Island"},
                        "dest": HOME | {"auth": "Cancelled"},
                        "p": 1,
                    }
                ]
            },
            "no session can reach the auth 'Cancelled'",
            id="churned state out of reach",
        ),
        pytest.param(
            {"new-user-auth": "Alien", "growth-rate": 1}, "Alien, free", id="new users' auth"
        ),
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


def test_the_built_in_songs_have_genres_and_some_have_years():
    songs = built_in_catalog(0.8).songs
    genres_of = {}
    for song in songs:
        genres_of.setdefault(song.artist, set()).add(song.genre)
    known = [song.year for song in songs if song.year]

    assert {song.genre for song in songs} == set(GENRES)
    assert all(len(genres) == 1 for genres in genres_of.values())
    assert 0.44 < len(known) / len(songs) < 0.50
    assert 1920 <= min(known) <= max(known) <= 2010


@pytest.mark.parametrize("exponent", [0.0, 0.8, 1.5])
def test_popularity_falls_by_the_exponent(exponent):
    plays = sorted((song.plays for song in built_in_catalog(exponent).songs), reverse=True)

    assert plays[0] / plays[99] == pytest.approx(100**exponent)


def test_the_built_in_songs_can_be_written_down_and_read_again(tmp_path):
    path = tmp_path / "songs.csv"
    assert main(["songs", str(path)]) == 0

    told = [
        (song.song_id, song.artist, song.title, song.plays) for song in read_catalog(path).songs
    ]
    songs = built_in_catalog(0.8).songs
    assert told == [(song.song_id, song.artist, song.title, song.plays) for song in songs]


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
        pytest.param("artist,title,duration\nA,B,nan\n", "row 2, column duration", id="NaN"),
        pytest.param("artist,title,duration\nA,B,\n", "row 2, column duration", id="no duration"),
        pytest.param("", "row 1: no column artist", id="empty file"),
        pytest.param(
            "song_id,artist,title,duration\nX,A,B,9\nX,C,D,9\n",
            "row 3, column song_id: 'X' is the song of row 2",
            id="one id twice",
        ),
    ],
)
def test_a_wrong_songs_file_is_told_by_row_and_column(tmp_path, text, message):
    path = tmp_path / "songs.csv"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=message):
        read_catalog(path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeffartist,title,duration\nBjörk,Jóga,9\n", id="byte order mark"),
        pytest.param("artist,title,duration\r\nBjörk,Jóga,9\r\n", id="Windows lines"),
        pytest.param("Title , Artist,duration\nJóga,Björk,9,\n", id="order, case, spaces"),
    ],
)
def test_songs_files_of_any_make_are_read(tmp_path, text):
    path = tmp_path / "songs.csv"
    path.write_bytes(text.encode())

    assert [(song.artist, song.title) for song in read_catalog(path).songs] == [("Björk", "Jóga")]


def test_a_songs_file_in_another_encoding_is_told_by_its_row(tmp_path):
    path = tmp_path / "songs.csv"
    path.write_bytes("artist,title,duration\nA,B,9\nBjörk,Jóga,9\n".encode("latin-1"))

    with pytest.raises(ConfigurationError, match="row 3: not in UTF-8"):
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


@pytest.mark.parametrize("continuous", [[], ["--continuous"]], ids=["at once", "live"])
def test_the_files_times_are_used_unless_others_are_said(tmp_path, continuous):
    dates = {"start-date": "2026-04-01", "end-date": "2026-04-03"}
    arguments = ["--config", str(configured(tmp_path, **dates)), "--output", "x", *continuous]
    filed = simulation_settings(arguments, {}, NOW)
    said = simulation_settings([*arguments, "--end-time", "2026-04-02"], {}, NOW)

    assert (filed.start, filed.end - filed.start) == (said.start, 2 * 86_400)
    assert said.end - said.start == 86_400


def test_wrong_times_of_the_file_are_named(tmp_path):
    arguments = ["--config", str(configured(tmp_path, **{"start-date": "noon"})), "--output", "x"]

    with pytest.raises(ConfigurationError, match="start-date: 'noon'"):
        simulation_settings([*arguments, "--start-time", "2026-01-01"], {}, NOW)


def test_a_live_simulation_starts_now_and_has_no_end():
    settings = simulation_settings(["--continuous", "--output", "x"], {}, NOW)

    assert (settings.start, settings.end) == (int(NOW.timestamp()), None)


@pytest.mark.parametrize(
    "arguments", [["x"], ["--output", "x"], ["-o", "x", "--nusers", "5"], ["--tag", "a", "x"]]
)
def test_the_folder_is_said_with_its_option_or_alone(arguments):
    assert simulation_settings(arguments, {}, NOW).output == Path("x")


def test_the_classic_options_are_understood():
    settings = simulation_settings(
        ["-n", "5", "-g", "0.2", "-a", "0.1", "-f", "3", "-t", "2", "-u", "7", "-r", "9",
         "--tag", "b", "--kafkaBrokerList", "h:1", "folder"], {}, NOW
    )  # fmt: skip
    config = settings.config

    assert (settings.users, config.growth_rate, config.attrition_rate) == (5, 0.2, 0.1)
    assert (config.first_user_id, config.seed, config.tag) == (7, 9, "b")
    assert NOW.timestamp() - settings.start == 3 * 86_400
    assert (settings.kafka, str(settings.output)) == ("h:1", "folder")


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
        pytest.param(["x", "--drop", "0.1"], "--drop needs", id="drop without a time"),
        pytest.param(
            ["x", "--drop-from", "2024-01-02", "--drop-to", "2024-01-01"],
            "--drop-to is not after",
            id="drop ends before it begins",
        ),
        pytest.param(["x", "--state", "y", "--ledger", "y"], "two purposes", id="one file twice"),
        pytest.param(["x", "--start-time", "1800-01-01"], "only 1980 to 2200", id="too early"),
        pytest.param(["x", "--end-time", "9999-01-01"], "only 1980 to 2200", id="too late"),
        pytest.param(["x", "--start-time", "9999-12-31"], "only 1980 to 2200", id="last day"),
        pytest.param(["x", "--tag", "\udcff"], "tag must be text", id="tag of bytes"),
        pytest.param(["--output", "x", "--nusers", "-1"], "n-users must be", id="negative"),
    ],
)
def test_wrong_options_are_told(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        simulation_settings(arguments, {}, NOW)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--from", "nan"], id="no number of days"),
        pytest.param(["--to", "-1"], id="days ahead"),
        pytest.param(["--late-seconds", "-5"], id="negative delay"),
        pytest.param(["--poison", "1.5"], id="more than all"),
        pytest.param(["--workers", "0"], id="no worker"),
        pytest.param(["--workers", "two"], id="a word"),
        pytest.param(["--late", "often"], id="no number"),
    ],
)
def test_numbers_out_of_range_are_told_with_their_option(arguments, capsys):
    with pytest.raises(SystemExit):
        simulation_settings([*arguments, "x"], {}, NOW)
    assert f"argument {arguments[0]}" in capsys.readouterr().err

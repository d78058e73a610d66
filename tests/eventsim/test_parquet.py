"""Parquet files hold the same rows as the NDJSON files, in the same order, whatever the options."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import UnavailableError
from eventsim import parquet
from eventsim.__main__ import main
from eventsim.columns import Columns
from eventsim.simulation import Simulation
from eventsim.topics import TOPICS, Topics
from eventsim.world import World
from tests.eventsim.conftest import DAY, START

OPTIONS = ["--nusers", "150", "--growth-rate", "5", "--start-time", "2024-01-02"]
FAULTS = ["--resend", "0.05", "--conflict", "0.05", "--late", "0.05", "--late-seconds", "3000",
          "--out-of-order", "0.05", "--clock-skew", "0.05", "--bots", "0.01", "--drop", "0.5",
          "--drop-from", "2024-01-02T10:00", "--drop-to", "2024-01-02T12:00"]  # fmt: skip
COUNTRIES = {
    "countries": [
        {"country": "US", "weight": 1},
        {"country": "DE", "weight": 1, "places": [
            {"city": "Jüterbog", "zip": "07743", "state": "BB", "lat": 52, "lon": 13.07,
             "weight": 1}]},
    ],
    "player": {"skip": 0.12, "pause": 0.05, "add-to-playlist": 0.03,
               "skipped-within-seconds": 60, "pause-seconds": 45},
}  # fmt: skip
SONGS = 'artist,title,duration\n"Björk, ""B""","Jóga",305\nBand,Song,240.0\nBand,Song two,1.25\n'


def lines_of(folder, topic):
    content = (folder / f"{topic}.json").read_bytes()
    return [msgspec.json.decode(line) for line in content.splitlines()]


def rows_of(folder, topic):
    """The rows as JSON would have them: absent fields left out."""
    rows = pq.read_table(folder / f"{topic}.parquet").to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def typed(event):
    """An event so that 1 and 1.0, and other orders of fields, are told apart."""
    return [(name, type(value), value) for name, value in event.items()]


def both(folder, *options):
    """The same simulation as NDJSON and as Parquet: their folders and reports."""
    told = []
    for form in ("ndjson", "parquet"):
        report = folder / form / "report"
        to = ["--output", str(folder / form), "--report", str(report), "--format", form]
        assert main([*OPTIONS, *options, *to]) == 0
        told.append((folder / form, json.loads(report.read_text())))
    return told


def assert_the_same(folder, *options):
    (plain, told), (columns, told_too) = both(folder, *options)
    assert told == told_too
    topics = [path.stem for path in plain.glob("*.json")]
    assert topics
    for topic in topics:
        expected, found = lines_of(plain, topic), rows_of(columns, topic)
        assert [typed(event) for event in found] == [typed(event) for event in expected]


@pytest.fixture
def config_file(tmp_path, config):
    """The built-in configuration with two countries."""
    path = tmp_path / "config.json"
    body = json.loads(msgspec.json.encode(config))
    path.write_text(json.dumps(body | {"musicflow": COUNTRIES}))
    return path


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="plain"),
        pytest.param(["--tag", 'control "A"'], id="tag"),
        pytest.param(["--userid", "1000000007"], id="first user id"),
        pytest.param(["--workers", "3"], id="workers"),
        pytest.param(FAULTS, id="faults"),
        pytest.param([*FAULTS, "--tag", "A", "--workers", "2"], id="faults of two workers"),
    ],
)
def test_rows_are_the_same_as_the_lines(tmp_path, options):
    assert_the_same(tmp_path, *options)


def test_rows_are_the_same_for_several_countries_and_own_songs(tmp_path, config_file):
    (tmp_path / "songs.csv").write_text(SONGS)

    assert_the_same(tmp_path, "--config", str(config_file), "--songs", str(tmp_path / "songs.csv"))


@pytest.mark.shared
def test_rows_are_the_same_for_a_classic_configuration(tmp_path, shared_data):
    assert_the_same(tmp_path, "--config", str(shared_data / "eventsim" / "example-config.json"))


SIMULATIONS = st.fixed_dictionaries({
    "--seed": st.integers(0, 2**31),
    "--nusers": st.integers(0, 30),
    "--userid": st.integers(0, 2**52),
    "--tag": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    "--resend": st.floats(0, 1),
    "--conflict": st.floats(0, 1),
    "--late": st.floats(0, 1),
    "--out-of-order": st.floats(0, 1),
})  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(options=SIMULATIONS)
def test_rows_are_the_same_whatever_the_simulation(tmp_path_factory, options):
    assert_the_same(
        tmp_path_factory.mktemp("any"), *(f"{name}={value}" for name, value in options.items())
    )


def test_the_ledger_is_the_same(tmp_path):
    ledgers = [tmp_path / "plain", tmp_path / "columns"]
    for ledger, form in zip(ledgers, ("ndjson", "parquet"), strict=True):
        to = ["--output", str(tmp_path / form), "--ledger", str(ledger), "--format", form]
        assert main([*OPTIONS, *FAULTS, *to]) == 0

    assert ledgers[0].read_bytes() == ledgers[1].read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("parquet")
    assert main([*OPTIONS, "--output", str(path), "--format", "parquet"]) == 0
    return path


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_packed_columns_hold_the_same(tmp_path, folder, compression):
    to = ["--output", str(tmp_path), "--format", "parquet", "--compression", compression]
    assert main([*OPTIONS, *to]) == 0

    for topic in TOPICS:
        packed = pq.read_table(tmp_path / f"{topic}.parquet")
        assert packed.equals(pq.read_table(folder / f"{topic}.parquet"))


@pytest.mark.parametrize("topic", TOPICS)
def test_readers_see_plain_types(folder, topic):
    schema = pq.read_schema(folder / f"{topic}.parquet")

    assert {field.type for field in schema} <= {
        pa.int64(), pa.float64(), pa.string(), pa.bool_(),
    }  # fmt: skip
    assert schema.field("ts").type == pa.int64()
    assert not schema.field("ts").nullable


def test_a_row_group_has_its_rows_only(tmp_path, monkeypatch):
    """Several row groups, of which dictionaries must not leak from one to the next."""
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    monkeypatch.setattr("eventsim.assembly.CHUNK", 64)

    assert_the_same(tmp_path, *FAULTS)
    file = pq.ParquetFile(tmp_path / "parquet" / "listen_events.parquet")
    assert file.num_row_groups > 2


def test_texts_stand_once_in_a_row_group(folder):
    group = pq.ParquetFile(folder / "page_view_events.parquet").metadata.row_group(0)
    for index in range(group.num_columns):
        column = group.column(index)
        if column.physical_type == "BYTE_ARRAY":
            assert "PLAIN" not in column.encodings or column.has_dictionary_page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--poison", "0.1"], "--poison cannot go to Parquet", id="poison"),
        pytest.param(["--continuous"], "--continuous cannot go to Parquet", id="continuous"),
        pytest.param(["--state", "state"], "--state cannot go to Parquet", id="state"),
    ],
)
def test_what_parquet_cannot_do_is_refused(tmp_path, capsys, options, message):
    assert main([*options, "--output", str(tmp_path), "--format", "parquet"]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_parquet_to_kafka_alone_is_refused(capsys):
    assert main(["--kafka", "127.0.0.1:1", "--format", "parquet"]) == 1
    assert "--format parquet needs --output" in capsys.readouterr().err


def test_parquet_cannot_be_replayed(folder, capsys):
    assert main(["replay", str(folder)]) == 1
    error = capsys.readouterr().err
    assert "no NDJSON file" in error
    assert len(error.splitlines()) == 1


def test_a_killed_run_leaves_no_file_that_looks_whole(tmp_path):
    (tmp_path / "listen_events.parquet").write_bytes(b"of an earlier run")
    command = [sys.executable, "-m", "eventsim", "--nusers", "20000", "--from", "900", "--to", "0"]
    process = subprocess.Popen([*command, "--output", str(tmp_path), "--format", "parquet"])
    begun = tmp_path / ".music_events.parquet.unfinished"
    deadline = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < deadline:
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)

    assert begun.exists()
    assert not list(tmp_path.glob("[!.]*"))


def test_a_full_disk_is_one_clear_line(tmp_path, capsys, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)

    assert main([*OPTIONS, "--output", str(tmp_path), "--format", "parquet"]) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert not list(tmp_path.glob("[!.]*"))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, config, catalog):
    world = World.of(config, catalog)
    topics = Topics(world, Simulation(world, START, START + DAY, 1).listeners, START)
    (tmp_path / "taken").write_text("")

    with pytest.raises(UnavailableError, match="cannot write"):
        parquet.ParquetSink(tmp_path / "taken", [topics.nothing(TOPICS[0])], Columns(world), "none")


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_pandas_is_not_loaded_as_that_takes_longer_than_a_small_simulation(tmp_path, form):
    script = (
        "import sys; from eventsim.__main__ import main; "
        f"main(['--nusers', '20', '--output', sys.argv[1], '--format', '{form}']); "
        "sys.exit('pandas' in sys.modules)"
    )

    assert (
        subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == 0
    )

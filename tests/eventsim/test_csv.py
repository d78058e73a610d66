"""CSV files hold the same events as the NDJSON files, in the same order, whatever the options."""

import csv
import gzip
import json

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest
from hypothesis import HealthCheck, given, settings

from contracts.events import EVENTS_BY_NAME
from eventsim.__main__ import main
from eventsim.topics import TOPICS
from tests.eventsim.test_parquet import FAULTS, OPTIONS, SIMULATIONS, lines_of

BARE = {"integer", "number", "boolean", "timestamp"}
"""Types whose cells are written as JSON writes them."""


def events_of(path, topic):
    """The rows as JSON would have them: empty cells left out."""
    bare = {each.wire_name for each in EVENTS_BY_NAME[topic] if each.type in BARE}
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {name: json.loads(cell) if name in bare else cell for name, cell in row.items() if cell}
            for row in csv.DictReader(file, strict=True)
        ]


def assert_the_same(folder, *options):
    for form in ("ndjson", "csv"):
        assert main([*OPTIONS, *options, "--output", str(folder / form), "--format", form]) == 0
    topics = [path.stem for path in (folder / "ndjson").glob("*.json")]
    assert topics
    for topic in topics:
        expected = lines_of(folder / "ndjson", topic)
        expected = [{name: value for name, value in row.items() if value != ""} for row in expected]
        assert events_of(folder / "csv" / f"{topic}.csv", topic) == expected


def test_events_are_the_same_with_faults(tmp_path):
    assert_the_same(tmp_path, *FAULTS)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(options=SIMULATIONS)
def test_events_are_the_same_whatever_the_simulation(tmp_path_factory, options):
    assert_the_same(
        tmp_path_factory.mktemp("any"), *(f"{name}={value}" for name, value in options.items())
    )


@pytest.mark.parametrize(("compression", "suffix"), [("gzip", ".gz"), ("zstd", ".zst")])
def test_packed_files_hold_the_same(tmp_path, compression, suffix):
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    assert main([*OPTIONS, "--output", str(plain), "--csv"]) == 0
    assert main([*OPTIONS, "--output", str(packed), "--csv", "--compression", compression]) == 0

    for topic in TOPICS:
        with pa.input_stream(str(packed / f"{topic}.csv{suffix}"), compression=compression) as file:
            assert file.read() == (plain / f"{topic}.csv").read_bytes()


def test_the_header_has_the_names_and_the_order_of_the_events(tmp_path):
    assert main([*OPTIONS, "--output", str(tmp_path), "--csv", "--compression", "gzip"]) == 0
    with gzip.open(tmp_path / "music_events.csv.gz") as file:
        names = arrow_csv.read_csv(file).schema.names

    assert names[:4] == ["event_id", "user_id", "session_id", "event_type"]
    assert set(names) == {each.wire_name for each in EVENTS_BY_NAME["music_events"]}


@pytest.mark.parametrize(
    "options",
    [["--poison", "0.1"], ["--continuous"], ["--state", "state"]],
    ids=lambda each: each[0],
)
def test_what_such_a_file_cannot_hold_is_refused(tmp_path, capsys, options):
    assert main([*options, "--output", str(tmp_path), "--csv"]) == 1
    assert f"{options[0]} cannot go to CSV" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_two_formats_are_one_too_many(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--csv", "--format", "parquet", "--output", str(tmp_path)])
    assert "not allowed with" in capsys.readouterr().err

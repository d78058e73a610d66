"""The command: which files it means, what it tells, and that one bad file holds up no other."""

import json

import pytest
from click.testing import CliRunner

from contracts.errors import ConfigurationError
from eventsim.__main__ import main as simulate
from streaming.__main__ import main
from streaming.batch.files import files_of
from streaming.batch.source import Reading, source_of

from .landing import Inbox, as_csv, as_ndjson, listens


@pytest.fixture
def run(tmp_path, monkeypatch):
    for name in ("MUSICFLOW_LAKE", "MUSICFLOW_HOME", "POSTGRES_URL", "MUSICFLOW_START"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: object):
        home = ["--home", str(tmp_path), "--start", "2024-01-01"]
        return CliRunner().invoke(main, ["batch", *map(str, arguments), *home])

    return command


def test_a_file_is_told_in_a_line_and_the_second_time_that_it_had_landed(inbox, run):
    path = inbox.put("listen_events.csv", as_csv(listens(3) + listens(1, level="gold")))
    first, second = run("--input", path), run("--input", path)

    told = "listen_events.csv: listen_events, 3 accepted, 1 rejected (1 not_allowed)"
    assert told in first.output.splitlines()
    assert f"{told} (had landed before)" in second.output.splitlines()
    assert (first.exit_code, second.exit_code) == (0, 0)


@pytest.mark.integration
def test_one_bad_file_holds_up_no_other(inbox, run):
    """Several files: Spark spreads them."""
    inbox.put("listen_events.csv", as_csv(listens(3)))
    inbox.put("listen_events-empty.csv", b"")
    inbox.put("auth_events.parquet", b"no parquet")
    inbox.put("notes.csv", b"a,b\n")
    done = run("--input", inbox.folder / "in", "--json")
    told = {each["file"].rpartition("/")[2]: each for each in json.loads(done.stdout)}

    assert done.exit_code == 1
    assert told["listen_events.csv"]["accepted"] == 3
    problems = sorted(line for line in done.stderr.splitlines() if line.startswith("batch:"))
    assert len(problems) == 3
    assert "auth_events.parquet can't be read as Parquet" in problems[0]
    assert "listen_events-empty.csv is empty" in problems[2]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["--input", "nowhere/*.csv"], "nowhere/*.csv' names no file", id="no file"),
        pytest.param(["--input", "a**b.csv"], "no pattern", id="no pattern"),
        pytest.param(["--input", "~nosuchuser/a"], "no pattern", id="nobody's home"),
        pytest.param(["--input", ""], "'' names no file", id="nothing"),
        pytest.param(["--delimiter", "::"], "--delimiter '::' can't stand", id="two characters"),
        pytest.param(["--to", "postgres"], "name the server in POSTGRES_URL", id="no server"),
        pytest.param(["--event", "auth_events"], "has no column success", id="another event"),
        pytest.param(["--format", "parquet"], "can't be read as Parquet", id="another format"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(inbox, run, arguments, problem):
    path = inbox.put("listen_events.csv", as_csv(listens(1)))
    inputs = [] if "--input" in arguments else ["--input", path]
    done = run(*inputs, *arguments)
    [line] = [line for line in done.stderr.splitlines() if line.startswith("batch:")]

    assert done.exit_code == 1
    assert problem in line


def test_files_folders_and_patterns_are_meant_once_each(tmp_path, monkeypatch):
    for name in ("a.csv", "sub/b.csv", ".hidden.csv", "_done.csv", ".venv/c.csv", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    found = files_of(["a.csv", str(tmp_path), "*.csv", "**/b.csv"])

    assert found == [tmp_path / "a.csv", tmp_path / "sub" / "b.csv"]


@pytest.mark.parametrize(
    ("name", "event", "form"),
    [
        pytest.param("listen_events.csv", "listen_events", "csv", id="the name"),
        pytest.param("listen_events-2026.json.gz", "listen_events", "ndjson", id="more, packed"),
        pytest.param("Auth_Events 1.NDJSON", "auth_events", "ndjson", id="in capitals"),
        pytest.param("music_events/2026/1.parquet", "music_events", "parquet", id="the folder"),
        pytest.param("auth_events/page_view_events.tsv", "page_view_events", "csv", id="both"),
    ],
)  # fmt: skip
def test_names_tell_event_and_format(tmp_path, name, event, form):
    source = source_of(tmp_path / name, Reading())

    assert (source.event.name, source.form) == (event, form)


@pytest.mark.parametrize("name", ["listen_eventsource.csv", "events.csv", "listen_events.zip"])
def test_a_name_that_tells_nothing_is_refused(tmp_path, name):
    with pytest.raises(ConfigurationError, match=r"by its name|named by no event"):
        source_of(tmp_path / name, Reading())


@pytest.mark.parametrize("topic", ["listen_events", "music_events", "page_view_events"])
def test_simulated_csv_ndjson_and_parquet_land_as_the_same_rows(tmp_path, topic):
    rows = []
    for form in ("ndjson", "csv", "parquet"):
        files = tmp_path / form
        options = ["--nusers", "100", "--start-time", "2026-01-02", "--format", form]
        assert simulate([*options, "--output", str(files)]) == 0
        inbox = Inbox(files, topic)
        [path] = [each for each in files.iterdir() if each.name.startswith(topic)]
        assert inbox.land(path).rejected == 0
        rows.append(inbox.rows())
    for each in (row for some in rows for row in some):
        for name in ("kafka_topic", "kafka_offset", "landed_at"):
            del each[name]

    assert rows[0]
    assert rows[1] == rows[0]
    assert rows[2] == rows[0]


def test_ndjson_and_csv_of_the_same_rows_have_the_same_ids(inbox):
    inbox.land(inbox.put("listen_events.csv", as_csv(listens(5))))
    inbox.land(inbox.put("listen_events.json", as_ndjson(listens(5))))
    ids = [row["event_id"] for row in inbox.rows("event_id")]

    assert ids[:5] == ids[5:]

"""However often a simulation is stopped or killed, what was written tells of the whole of it."""

import json

import pytest

from eventsim import run
from eventsim.__main__ import main

WHOLE = [
    "--nusers", "200", "--growth-rate", "5", "--poison", "0.02", "--resend", "0.02", "--late",
    "0.05", "--late-seconds", "600", "--bots", "0.01", "--clock-skew", "0.05",
]  # fmt: skip
START, FIRST_END, END = "2024-01-01", "2024-01-01T10:00:07", "2024-01-02"


def simulated(folder, end, *more):
    """Simulate with state, report and ledger; the exit code."""
    return main([
        *WHOLE, "--start-time", START, "--end-time", end, "--output", str(folder / "events"),
        "--state", str(folder / "state"), "--report", str(folder / "report"), "--ledger",
        str(folder / "ledger"), *more,
    ])  # fmt: skip


def told(folder):
    """All that was written: events, report and ledger."""
    faults, counts = [], []
    for line in (folder / "ledger").read_text().splitlines():
        (counts if "hour" in line else faults).append(line)
    events = {path.name: path.read_bytes() for path in (folder / "events").iterdir()}
    return events, json.loads((folder / "report").read_text()), sorted(faults), counts


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in one go")
    assert simulated(folder, END) == 0
    return told(folder)


def test_report_and_ledger_tell_of_all_runs(tmp_path, in_one_go):
    assert simulated(tmp_path, FIRST_END) == 0
    assert simulated(tmp_path, END) == 0

    assert told(tmp_path) == in_one_go


class Killed(BaseException):
    """What no handler stops."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # nothing is closed
@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_after_a_crash_nothing_stands_twice_and_nothing_is_left_out(
    tmp_path, in_one_go, monkeypatch, compression
):
    monkeypatch.setattr(run, "STRETCH_REQUESTS", 500)
    assert simulated(tmp_path, FIRST_END, "--compression", compression) == 0
    saved = (tmp_path / "state").read_bytes()

    def crash(*_):
        raise Killed

    monkeypatch.setattr(run.Run, "close", crash)
    with pytest.raises(Killed):
        simulated(tmp_path, "2024-01-01T20:00:00", "--compression", compression)
    monkeypatch.undo()
    assert (tmp_path / "state").read_bytes() == saved

    assert simulated(tmp_path, END, "--compression", compression) == 0
    events, *others = told(tmp_path)
    assert others == list(in_one_go[1:])
    if compression == "none":
        assert events == in_one_go[0]


def test_a_state_without_its_files_is_refused(tmp_path, capsys):
    assert simulated(tmp_path, FIRST_END) == 0
    (tmp_path / "events" / "listen_events.json").write_text("")

    assert simulated(tmp_path, END) == 1
    assert "has less than" in capsys.readouterr().err


def test_a_state_without_its_ledger_is_refused(tmp_path, capsys):
    assert simulated(tmp_path, FIRST_END) == 0
    (tmp_path / "ledger").unlink()

    assert simulated(tmp_path, END) == 1
    assert "has less than" in capsys.readouterr().err


def test_other_similar_songs_make_another_simulation(tmp_path, capsys):
    pairs = tmp_path / "similar.csv"
    arguments = ["--nusers", "5", "--output", str(tmp_path / "events"), "--similar-songs",
                 str(pairs), "--state", str(tmp_path / "state")]  # fmt: skip
    pairs.write_text("song_id,similar_song_id\nMF000001,MF000002\n")
    assert main(arguments) == 0

    pairs.write_text("song_id,similar_song_id\nMF000001,MF000003\n")

    assert main(arguments) == 1
    assert "belongs to another simulation" in capsys.readouterr().err

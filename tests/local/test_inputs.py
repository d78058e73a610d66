"""What the demo must know of a folder of event files before it starts."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from contracts.errors import ConfigurationError
from local.inputs import event_files, first_hour

JANUARY = datetime(2026, 1, 1, 5, 30, tzinfo=UTC)


def epoch_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def write(path, times):
    lines = "".join(json.dumps({"ts": ts}) + "\n" for ts in times)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())


@pytest.mark.parametrize(
    "name", ["listen_events.json", "auth_events.json.gz", "music_events.ndjson"]
)
def test_history_starts_with_the_hour_of_the_first_event(tmp_path, name):
    write(tmp_path / name, [epoch_ms(JANUARY + timedelta(hours=n)) for n in range(5)])

    assert first_hour(tmp_path) == datetime(2026, 1, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("mistaken", [0, 1, epoch_ms(JANUARY - timedelta(days=4000))])
def test_a_time_long_before_all_others_does_not_start_the_history(tmp_path, mistaken):
    times = [epoch_ms(JANUARY + timedelta(seconds=n)) for n in range(200)]
    write(tmp_path / "listen_events.json", [mistaken, *times])

    assert first_hour(tmp_path) == datetime(2026, 1, 1, 5, tzinfo=UTC)


def test_lines_that_are_no_events_do_not_disturb(tmp_path):
    (tmp_path / "listen_events.json").write_bytes(
        b'\xff\xfe\n{"ts": "noon"}\n\n{"ts": 99999999999999999999}\n'
        + b'{"ts": %d}\n' % epoch_ms(JANUARY)
    )

    assert first_hour(tmp_path) == datetime(2026, 1, 1, 5, tzinfo=UTC)


def test_files_of_other_names_are_left_alone(tmp_path):
    write(tmp_path / "listen_events.json", [1])
    (tmp_path / "README.md").touch()

    assert [path.name for path in event_files(tmp_path)] == ["listen_events.json"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda _: None, "holds none of the files", id="empty folder"),
        pytest.param(lambda folder: folder.rmdir(), "is no folder", id="no folder"),
        pytest.param(
            lambda folder: (folder / "auth_events.json").write_text("{}\n"),
            'has a "ts"',
            id="no times",
        ),
    ],
)
def test_a_wrong_folder_is_one_clear_line(tmp_path, make, message):
    folder = tmp_path / "events"
    folder.mkdir()
    make(folder)

    with pytest.raises(ConfigurationError, match=message):
        first_hour(folder)


@pytest.mark.shared
def test_the_classic_simulators_output_starts_with_2026(shared_data):
    assert first_hour(shared_data / "eventsim/classic-output") == datetime(2026, 1, 1, tzinfo=UTC)

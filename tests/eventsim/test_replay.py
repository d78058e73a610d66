"""What a folder of event files holds: read by one rule, or refused clearly."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from eventsim.__main__ import main
from eventsim.event_files import lines, topic_files
from eventsim.history import LONGEST_SILENCE_HOURS, Times, history_start

NOW = datetime(2026, 6, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, 5, 30, tzinfo=UTC)


def epoch_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


def as_written(data: bytes) -> bytes:
    return data


def look(folder, tmp_path):
    """The report on a folder that is only looked at."""
    report = tmp_path / "report.json"
    assert main(["replay", str(folder), "--report", str(report)]) == 0
    return json.loads(report.read_text())


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        pytest.param("listen_events.json", as_written, id="json"),
        pytest.param("listen_events.ndjson", as_written, id="ndjson"),
        pytest.param("listen_events.jsonl", as_written, id="jsonl"),
        pytest.param("listen_events.2026-01-01.json", as_written, id="a day's"),
        pytest.param("listen_events.json.gz", gzip.compress, id="gzip"),
        pytest.param("listen_events.part-2.json.zst", zstd, id="zstd"),
    ],
)
def test_the_files_of_a_topic_are_read_plain_or_packed(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(b'{"a":1}\n\n\xff{\nlast'))

    files = topic_files(tmp_path)

    assert files == {"listen_events": [tmp_path / name]}
    assert list(lines(tmp_path / name)) == [(1, b'{"a":1}'), (3, b"\xff{"), (4, b"last")]


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "_SUCCESS", ".listen_events.json.crc"])
def test_what_is_no_input_is_left_alone(tmp_path, name):
    (tmp_path / "auth_events.json").touch()
    (tmp_path / name).touch()
    (tmp_path / "listen_events").mkdir()

    assert list(topic_files(tmp_path)) == ["auth_events"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("listens.json", "is named by no topic", id="no topic"),
        pytest.param("listen_events-2.json.gz", "is named by no topic", id="nearly a topic"),
        pytest.param("listen_events.csv", "is no NDJSON file", id="another format"),
        pytest.param("listen_events.json.bz2", "is no NDJSON file", id="another packing"),
        pytest.param("README.md", "has no event files", id="none"),
    ],
)
def test_a_wrong_folder_is_refused(tmp_path, name, message):
    (tmp_path / "page_view_events").mkdir()
    (tmp_path / name).touch()

    with pytest.raises(ConfigurationError, match=message):
        topic_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("listen_events.json.gz", b"no gzip", id="no gzip"),
        pytest.param("listen_events.json.gz", gzip.compress(b"{}\n")[:-9], id="cut gzip"),
        pytest.param("listen_events.json.gz", gzip.compress(b"{}\n")[:12] + b"\xff" * 40,
                     id="broken gzip"),
        pytest.param("listen_events.json.zst", b"no zstd", id="no zstd"),
        pytest.param("listen_events.json.zst", zstd(b"{}\n" * 9)[:-3], id="cut zstd"),
    ],
)  # fmt: skip
def test_a_broken_pack_is_one_clear_line(tmp_path, capsys, name, content):
    (tmp_path / name).write_bytes(content)

    assert main(["replay", str(tmp_path)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(f"eventsim: cannot read {tmp_path / name}")


def test_looking_at_a_folder_tells_what_it_holds(tmp_path):
    folder = tmp_path / "events"
    folder.mkdir()
    times = [JANUARY + timedelta(hours=hour) for hour in range(5)]
    (folder / "listen_events.json").write_bytes(
        b"\xff\xfe\n" + b'{"ts": "noon"}\n\n{"ts": 99999999999999999999}\n{"ts": true}\n{"ts": 0}\n'
    )
    (folder / "auth_events.json.gz").write_bytes(
        gzip.compress("".join(f'{{"ts": {epoch_ms(at)}}}\n' for at in times).encode())
    )

    report = look(folder, tmp_path)

    assert {topic: counts["messages"] for topic, counts in report["topics"].items()} == {
        "listen_events": 5,
        "auth_events": 5,
    }
    assert report["history_start"] == "2026-01-01T05:00:00Z"
    assert report["last_event"] == "2026-01-01T09:30:00Z"


def test_a_folder_without_times_has_no_start(tmp_path):
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "auth_events.json").write_text("{}\nnonsense\n")

    assert look(folder, tmp_path)["history_start"] is None


def test_a_simulation_starts_with_its_first_hour(tmp_path):
    report = tmp_path / "report.json"
    times = ["--start-time", "2026-03-01T10:20:00", "--end-time", "2026-03-01T11:00:00"]

    main(["--nusers", "5", *times, "--output", str(tmp_path / "e"), "--report", str(report)])

    assert json.loads(report.read_text())["history_start"] == "2026-03-01T10:00:00Z"


@pytest.mark.shared
def test_the_classic_simulators_output_starts_with_2026(shared_data, tmp_path):
    report = look(shared_data / "eventsim/classic-output", tmp_path)

    assert report["history_start"] == "2026-01-01T00:00:00Z"
    assert report["topics"]["listen_events"]["messages"] == 30_012


@pytest.mark.parametrize(
    ("times", "start"),
    [
        pytest.param([JANUARY], JANUARY, id="one"),
        pytest.param([datetime(1970, 1, 1, tzinfo=UTC), JANUARY], JANUARY, id="zero"),
        pytest.param(
            [datetime(1970, 1, 21, tzinfo=UTC)] * 2 + [JANUARY] * 3, JANUARY, id="seconds"
        ),
        pytest.param([datetime(2016, 5, 1, tzinfo=UTC), *[JANUARY] * 50], JANUARY, id="2016"),
        pytest.param(
            [JANUARY - timedelta(days=30 * month) for month in range(40)],
            JANUARY - timedelta(days=30 * 39),
            id="years",
        ),
        pytest.param([NOW + timedelta(days=1), JANUARY], JANUARY, id="tomorrow"),
        pytest.param([datetime(1899, 12, 31, tzinfo=UTC)], None, id="before 1900"),
    ],
)
def test_history_starts_with_its_earliest_believable_hour(times, start):
    seen = Times(NOW)
    for at in times:
        seen.add(epoch_ms(at))

    assert seen.history_start() == (start and f"{start:%Y-%m-%dT%H:00:00Z}")


HISTORY = st.lists(st.integers(1, LONGEST_SILENCE_HOURS), min_size=1, max_size=40).map(
    lambda steps: [480_000 + sum(steps[:n]) for n in range(len(steps))]
)


@given(history=HISTORY, data=st.data())
def test_fewer_than_half_mistaken_times_do_not_move_the_start(history, data):
    before = st.integers(-600_000, 480_000 - LONGEST_SILENCE_HOURS - 1)
    mistaken = data.draw(st.lists(before, max_size=(len(history) - 1) // 2))

    assert history_start(Counter(history + mistaken)) == history[0]


@given(st.dictionaries(st.integers(0, 500_000), st.integers(1, 9), min_size=1))
def test_the_start_is_one_of_the_hours_and_at_most_the_median(messages):
    start = history_start(messages)

    ordered = sorted(hour for hour, count in messages.items() for _ in range(count))
    assert start in messages
    assert start <= ordered[len(ordered) // 2]

"""Rejects of files are judged again as their file is read, under a contract that is mended."""

import json

import pytest

from streaming.replay import Replayed, Replayer
from tests.streaming.judging import LIMITS
from tests.streaming.rejecting import ALWAYS, TRIAL, RejectingLake

from .landing import as_csv, listens

TRIALS = listens(3, level="trial", city='Re,"no"\nNV')
LAKES = {"occurred_at": "2026-01-01T05:00:00Z", "session_id": 7, "latitude": 1, "longitude": 2}


def replay(inbox) -> Replayed:
    now = inbox.manifests()[0].batch_at
    return Replayer(inbox.lake, TRIAL, LIMITS, 2**20).replay(
        now.replace(minute=0), now.max.replace(tzinfo=now.tzinfo, year=2900)
    )


def check(inbox, lines: list[int]) -> None:
    """What was mended landed once, at its lines; all else stays rejected."""
    assert replay(inbox).landed == len(lines)
    assert replay(inbox).landed == 0
    rows = [row for row in inbox.rows() if row["level"] == "trial"]
    assert [row["kafka_offset"] for row in rows] == lines
    assert {row["city"] for row in rows} == {'Re,"no"\nNV'}
    assert {row["kafka_topic"] for row in rows} == {inbox.manifests()[0].part.name}


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_of_csv(inbox, delimiter):
    how = {"delimiter": delimiter}
    content = as_csv(listens(2), **how) + b"x\n" + as_csv(TRIALS, header=False, **how)
    inbox.land(inbox.put("listen_events.csv", content + b'"open\n' + b"\xff\n"))

    assert [line for line, _, _ in inbox.rejects()] == [4, 5, 7, 9, 11, 12]
    check(inbox, [5, 7, 9])


def test_of_csv_with_declared_columns(inbox):
    path = inbox.put("listen_events.csv", as_csv(TRIALS, header=False))
    inbox.land(path, columns=tuple(TRIALS[0]))

    check(inbox, [1, 3, 5])


def test_of_ndjson_with_the_lakes_names(inbox):
    wires = {"ts", "sessionId", "lat", "lon"}
    rows = [
        LAKES | {name: value for name, value in row.items() if name not in wires} for row in TRIALS
    ]
    inbox.land(inbox.put("listen_events.json", "\n".join(map(json.dumps, rows)).encode()))

    check(inbox, [1, 2, 3])


def test_beside_those_of_kafka(inbox):
    lake = RejectingLake(inbox.lake)
    lake.land(json.dumps(TRIALS[0]).encode(), b"not json")
    inbox.land(inbox.put("listen_events.csv", as_csv(TRIALS)))
    done = Replayer(inbox.lake, TRIAL, LIMITS, 2**20).replay(
        ALWAYS[0].replace(year=2025), ALWAYS[1].replace(year=2900)
    )

    assert (done.judged, done.landed, done.batches) == (5, 4, 2)

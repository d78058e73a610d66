"""Several processes write what one writes, and an error of one of them is told."""

import json
import os
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.__main__ import main
from eventsim.topics import CLASSIC_TOPICS, TOPICS
from eventsim.workers import shares

OPTIONS = ["--nusers", "150", "--growth-rate", "5", "--poison", "0.02", "--resend", "0.02",
           "--late", "0.02", "--bots", "0.01"]  # fmt: skip


def written(folder, workers):
    """All that a simulation writes: its files and its report."""
    report = folder / "report.json"
    files = ["--output", str(folder / "events"), "--report", str(report)]
    assert main([*OPTIONS, *files, "--workers", str(workers)]) == 0
    return {path.name: path.read_bytes() for path in [*(folder / "events").iterdir(), report]}


@pytest.fixture(scope="module")
def by_one(tmp_path_factory):
    return written(tmp_path_factory.mktemp("one"), 1)


@pytest.mark.parametrize("workers", [2, 9])
def test_the_bytes_are_the_same_whatever_the_number_of_workers(tmp_path, by_one, workers):
    assert written(tmp_path, workers) == by_one
    assert list(json.loads(by_one["report.json"])["topics"]) == sorted(TOPICS)


def test_processes_that_are_not_forked_write_the_same(tmp_path, by_one, monkeypatch):
    monkeypatch.setattr("eventsim.workers._context", lambda: get_context("spawn"))

    assert written(tmp_path, 2) == by_one


@given(workers=st.integers(1, 20), topics=st.sampled_from([TOPICS, CLASSIC_TOPICS]))
def test_each_topic_has_one_worker_and_each_worker_a_topic(workers, topics):
    parts = shares(topics, workers)

    assert sorted(topic for part in parts for topic in part) == sorted(topics)
    assert len(parts) == min(workers, len(topics))


def test_what_a_worker_cannot_write_is_one_clear_line(tmp_path, capsys):
    (tmp_path / f"{shares(TOPICS, 2)[1][0]}.json").mkdir()

    assert main(["--nusers", "5", "--output", str(tmp_path), "--workers", "2"]) == 1
    assert capsys.readouterr().err.startswith("eventsim: cannot write")


def die(*_: object) -> None:
    os._exit(9)


def test_a_worker_that_dies_is_one_clear_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("eventsim.workers._work", die)

    assert main(["--nusers", "5", "--output", str(tmp_path), "--workers", "2"]) == 1
    assert capsys.readouterr().err.startswith("eventsim: a worker process ended with code 9")


@pytest.mark.parametrize("option", ["--continuous", "--state", "--ledger"])
def test_what_needs_a_single_process_is_refused_with_more(tmp_path, capsys, option):
    value = [] if option == "--continuous" else [str(tmp_path / "file")]

    assert main(["--output", str(tmp_path), "--workers", "2", option, *value]) == 1
    assert f"{option} needs a single process" in capsys.readouterr().err

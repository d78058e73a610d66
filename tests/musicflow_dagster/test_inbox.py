"""What is dropped into the inbox is asked for once, when it is written, whatever it is called."""

import os
import random
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from musicflow_dagster.automation import inbox
from musicflow_dagster.automation.inbox import Cursor, inbox_sensor, looked_at, runs_again


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "inbox"
    path.mkdir()
    return path


class Ticks:
    """Looks at the folder, again and again."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.cursor = Cursor(str(folder))

    def look(self) -> list[str]:
        self.cursor, new = looked_at(self.folder, self.cursor)
        return new


@pytest.fixture
def ticks(folder) -> Ticks:
    return Ticks(folder)


def test_a_file_is_asked_for_once_when_two_ticks_saw_it_alike(folder, ticks):
    (folder / "listen_events.csv").write_text("a")

    assert [ticks.look() for _ in range(4)] == [[], ["listen_events.csv"], [], []]


def test_a_file_that_grows_is_waited_for(folder, ticks):
    path = folder / "listen_events.csv"
    seen = []
    for size in range(1, 4):
        path.write_text("a" * size)
        seen.append(ticks.look())

    assert seen == [[], [], []]
    assert ticks.look() == ["listen_events.csv"]


def test_a_file_written_at_once_with_its_old_size_is_waited_for_too(folder, ticks):
    path = folder / "a.csv"
    path.write_text("a")
    ticks.look()
    path.write_text("b")
    os.utime(path, (1, 1))

    assert [ticks.look(), ticks.look()] == [[], ["a.csv"]]


def test_renamed_moved_and_copied_files_are_not_asked_for_again(folder, ticks):
    (folder / "a.csv").write_text("a")
    ticks.look()
    assert ticks.look() == ["a.csv"]
    (folder / "copy.csv").write_text("a")
    (folder / "sub").mkdir()
    (folder / "a.csv").rename(folder / "sub" / "b.csv")

    assert [ticks.look() for _ in range(3)] == [[], [], []]
    (folder / "copy.csv").unlink()
    (folder / "sub" / "b.csv").unlink()
    ticks.look()
    (folder / "back.csv").write_text("a")
    assert [ticks.look() for _ in range(3)] == [[], [], []]


def test_new_content_under_an_old_name_is_asked_for(folder, ticks):
    (folder / "a.csv").write_text("a")
    ticks.look(), ticks.look()
    (folder / "a.csv").write_text("ab")

    assert [ticks.look(), ticks.look()] == [[], ["a.csv"]]


def test_hidden_and_unfinished_files_are_left_alone(folder, ticks):
    (folder / ".trash").mkdir()
    for name in (".hidden.csv", "_done.csv", "a.csv.part", "b.csv.tmp", ".trash/c.csv", "d.csv~"):
        (folder / name).write_text(name)

    assert [ticks.look(), ticks.look()] == [[], []]


def test_a_name_that_is_no_text_stops_no_other(settings, folder):
    watching = settings.model_copy(update={"inbox": folder})
    (folder / os.fsdecode(b"listen_events-caf\xe9.csv")).write_text("a")
    (folder / "listen_events.csv").write_text("b")
    [request] = tick(watching, tick(watching).cursor).run_requests

    assert request.run_config["ops"]["land_files"]["config"]["files"] == [
        str(folder / "listen_events.csv")
    ]


def test_a_tick_reads_so_much_and_the_next_one_goes_on(folder, ticks, monkeypatch):
    monkeypatch.setattr(inbox, "BYTES_PER_TICK", 3)
    for name in "abc":
        (folder / f"{name}.csv").write_text(name * 2)

    ticks.look()
    assert [ticks.look(), ticks.look()] == [["a.csv", "b.csv"], ["c.csv"]]


def test_what_comes_and_goes_is_asked_for_once_each(folder, ticks):
    asked, dice = [], random.Random(7)
    for step in range(200):
        name = folder / f"{dice.randrange(6)}.csv"
        match dice.randrange(4):
            case 0:
                name.write_text(str(dice.randrange(12)) * (step % 3 + 1))
            case 1:
                name.unlink(missing_ok=True)
            case _:
                asked += [(folder / each).read_text() for each in ticks.look()]

    assert asked
    assert len(set(asked)) == len(asked)


def tick(settings, cursor=None):
    with dg.DagsterInstance.ephemeral() as instance:
        return inbox_sensor(settings)(dg.build_sensor_context(instance, cursor=cursor))


def failed(instance, key: str, **tags: str) -> None:
    create_run_for_test(
        instance,
        job_name="batch_files",
        status=dg.DagsterRunStatus.FAILURE,
        run_config={"ops": {}},
        tags={"dagster/run_key": key} | tags,
    )


def test_a_run_that_failed_through_no_fault_of_its_files_is_asked_for_again(instance):
    failed(instance, "batch_files-a")
    failed(instance, "batch_files-b-again-3")
    failed(instance, "batch_files-c-again-10")
    failed(instance, "batch_files-wrong", **{"musicflow/files": "wrong"})
    now = datetime.now(UTC)

    def keys(minutes):
        requests = runs_again(instance, now + timedelta(minutes=minutes))
        return sorted(each.run_key for each in requests)

    assert keys(0) == []
    assert keys(15) == ["batch_files-a-again-2"]
    assert keys(60) == ["batch_files-a-again-2", "batch_files-b-again-4"]
    assert keys(60 * 24 * 3) == []


def test_one_run_lands_all_that_came_and_its_key_stands_for_the_contents(settings, folder):
    watching = settings.model_copy(update={"inbox": folder})
    (folder / "a.csv").write_text("a")
    (folder / "b.csv").write_text("b")
    first = tick(watching)
    second = tick(watching, first.cursor)
    again = tick(watching, first.cursor)
    [request] = second.run_requests

    assert "2 files are waited for" in first.skip_reason.skip_message
    assert request.run_config == {"ops": {"land_files": {"config": {
        "files": [str(folder / "a.csv"), str(folder / "b.csv")]}}}}  # fmt: skip
    assert [each.run_key for each in again.run_requests] == [request.run_key]
    assert "nothing new" in tick(watching, second.cursor).skip_reason.skip_message


def test_many_files_are_several_runs(settings, folder, monkeypatch):
    monkeypatch.setattr(inbox, "FILES_PER_RUN", 2)
    watching = settings.model_copy(update={"inbox": folder})
    for each in range(5):
        (folder / f"{each}.csv").write_text(str(each))
    requests = tick(watching, tick(watching).cursor).run_requests

    assert [len(each.run_config["ops"]["land_files"]["config"]["files"]) for each in requests] == [
        2, 2, 1,
    ]  # fmt: skip
    assert len({each.run_key for each in requests}) == 3


@pytest.mark.parametrize("name", [None, "nowhere"], ids=["none is set", "it is not there"])
def test_without_a_folder_nothing_is_asked_for(settings, tmp_path, name):
    watching = settings.model_copy(update={"inbox": tmp_path / name if name else None})

    assert "MUSICFLOW_INBOX" in tick(watching).skip_message

"""A file lands once, part by part, whatever is killed, runs twice or is renamed."""

import gzip
import itertools
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import ConfigurationError, UnavailableError
from contracts.store import FolderStore
from streaming.batch import landing
from streaming.batch.landing import Destination, FileLanding
from streaming.batch.part import PartTask
from streaming.batch.source import Reading, source_of
from tests.streaming.judging import LIMITS

from .landing import EVENT, Inbox, as_csv, as_ndjson, listens

CSV = "listen_events.csv"


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(landing, "PART_RECORDS", 4)


def test_rows_land_in_their_hours_with_file_and_line(inbox):
    rows = listens(4)
    told = inbox.land(inbox.put(CSV, as_csv(rows)))
    (manifest,) = inbox.manifests()

    assert (told.accepted, told.rejected, told.parts, told.landed_before) == (4, 0, 1, False)
    assert (manifest.kind, manifest.writer, manifest.batch) == ("files", told.content, 0)
    assert manifest.cites == (str(inbox.folder / "in" / CSV),)
    assert [(each.hour, each.rows) for each in manifest.files] == [
        ("2026-01-01-05:00", 2), ("2026-01-01-06:00", 1), ("2026-01-01-07:00", 1),
    ]  # fmt: skip
    assert inbox.rows("kafka_topic", "kafka_partition", "kafka_offset", "item_in_session") == [
        {"kafka_topic": CSV, "kafka_partition": 0, "kafka_offset": 2 + each,
         "item_in_session": each} for each in range(4)
    ]  # fmt: skip
    assert inbox.holds_only_what_manifests_name()


def test_each_line_is_a_row_a_reject_or_no_record(inbox):
    content = as_csv(listens(2)) + b"\n" + as_csv(listens(1, level="gold"), header=False) + b"x\n\n"
    inbox.land(inbox.put(CSV, content))
    (manifest,) = inbox.manifests()
    part = manifest.part

    assert (part.name, part.start, part.accepted, part.rejected, part.not_data) == (CSV, 1, 2, 2, 3)
    assert part.end - part.start == part.accepted + part.rejected + part.not_data
    assert manifest.rejected_by_reason == {"not_allowed": 1, "unreadable_record": 1}
    assert inbox.rejects() == [
        (5, content.splitlines()[4], ["not_allowed:level"]),
        (6, b"x", ["unreadable_record"]),
    ]


def test_a_file_that_comes_again_changes_nothing_also_as_a_renamed_copy(inbox):
    content = as_csv(listens(3, level="gold") + listens(3))
    first = inbox.land(inbox.put(CSV, content))
    again = [inbox.land(inbox.put(name, content)) for name in (CSV, "listen_events-copy.csv")]

    assert [each.landed_before for each in again] == [True, True]
    assert {(each.accepted, each.rejected, each.parts) for each in again} == {(3, 3, 0)}
    assert again[0].rejected_by_reason == first.rejected_by_reason == {"not_allowed": 3}
    assert inbox.log.last() == 1


def test_a_large_file_is_committed_in_parts(inbox, small_parts):
    told = inbox.land(inbox.put(CSV, as_csv(listens(10))))

    assert (told.accepted, told.parts) == (10, 3)
    assert [(each.batch, each.part.start, each.part.end) for each in inbox.manifests()] == [
        (0, 1, 6), (1, 6, 10), (2, 10, 12),
    ]  # fmt: skip
    assert [row["kafka_offset"] for row in inbox.rows()] == list(range(2, 12))


class KilledError(BaseException):
    """Ends a run as a kill does: nobody answers it."""


def dying(method, left):
    """The method, which ends the run when its calls are used up."""

    def call(self, *given):
        if next(left) == 0:
            raise KilledError
        return method(self, *given)

    return call


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_killed_anywhere_the_next_run_finishes_without_doubles(tmp_path, small_parts, form):
    """At each write in turn; the file's last line lacks its end."""
    rows = listens(6)
    for calls in itertools.count():
        inbox = Inbox(tmp_path / str(calls))
        if form == "parquet":
            path = inbox.put("listen_events.parquet", b"")
            pq.write_table(pa.Table.from_pylist(rows), path)
        else:
            content = {"csv": as_csv, "ndjson": as_ndjson}[form](rows)
            path = inbox.put(f"listen_events.{form}", content.removesuffix(b"\n"))
        left = itertools.count(calls, -1)
        with pytest.MonkeyPatch.context() as patch, suppress(KilledError):
            for name in ("put", "put_if_absent", "create"):
                patch.setattr(FolderStore, name, dying(getattr(FolderStore, name), left))
            inbox.land(path)
        told = inbox.land(path)

        assert (told.accepted, told.rejected) == (6, 0)
        assert [row["item_in_session"] for row in inbox.rows()] == list(range(6))
        assert inbox.holds_only_what_manifests_name()
        assert min(each.part.not_data for each in inbox.manifests()) >= 0
        if next(left) > 0:
            break
    assert calls > 10


def test_of_two_at_once_each_part_is_committed_by_one(inbox, small_parts, monkeypatch):
    path = inbox.put(CSV, as_csv(listens(10)))
    other = FileLanding(
        Destination(str(inbox.lake.root), LIMITS, 2**20), source_of(path, Reading())
    )
    meanwhile = [other.land]
    commit = FileLanding._commit

    def interrupted(self, manifests, manifest):
        while meanwhile:
            assert meanwhile.pop()().accepted == 10
        return commit(self, manifests, manifest)

    monkeypatch.setattr(FileLanding, "_commit", interrupted)
    told = inbox.land(path)

    assert (told.accepted, told.parts) == (10, 0)
    assert [each.batch for each in inbox.manifests()] == [0, 1, 2]
    assert [row["item_in_session"] for row in inbox.rows()] == list(range(10))
    assert inbox.holds_only_what_manifests_name()


def test_a_file_that_is_written_meanwhile_lands_nothing(inbox, monkeypatch):
    path = inbox.put(CSV, as_csv(listens(3)))
    land = PartTask.land

    def growing(self, *given):
        path.write_bytes(as_csv(listens(4)))
        return land(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(PartTask, "land", growing)
        with pytest.raises(ConfigurationError, match="was changed while it was read"):
            inbox.land(path)

    assert inbox.log.last() == 0
    assert inbox.holds_only_what_manifests_name()
    assert inbox.land(path).accepted == 4


def test_a_full_disk_leaves_nothing_behind(inbox, monkeypatch):
    path = inbox.put(CSV, as_csv(listens(3)))
    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "create", raising)
        with pytest.raises(UnavailableError):
            inbox.land(path)

    assert inbox.holds_only_what_manifests_name()
    assert inbox.land(path).accepted == 3


def raising(*_):
    raise UnavailableError("the disk is full")


def test_a_packed_file_that_ends_too_early_lands_nothing(inbox):
    path = inbox.put("listen_events.csv.gz", gzip.compress(as_csv(listens(500)))[:-200])

    with pytest.raises(ConfigurationError, match="can't be read"):
        inbox.land(path)
    assert inbox.log.last() == 0
    assert inbox.holds_only_what_manifests_name()


def test_another_reading_of_the_same_bytes_is_another_file(inbox):
    path = inbox.put(CSV, as_csv(listens(2), header=False))
    names = tuple(listens(1)[0])
    wrong = (*names[1:], names[0])
    first = inbox.land(path, columns=wrong)
    second = inbox.land(path, columns=names)

    assert (first.accepted, first.rejected) == (0, 2)
    assert (second.accepted, second.landed_before) == (2, False)


def test_of_the_log_the_newest_manifest_is_read_and_what_follows_the_files_beginning(
    inbox, monkeypatch
):
    for each in range(3):
        inbox.land(inbox.put(f"{EVENT}-{each}.csv", as_csv(listens(each + 1))))
    read = []
    of_log = type(inbox.log).read
    monkeypatch.setattr(
        type(inbox.log), "read", lambda self, seq: read.append(seq) or of_log(self, seq)
    )
    inbox.land(inbox.put("listen_events-new.csv", as_csv(listens(7))))
    inbox.land(inbox.folder / "in" / "listen_events-0.csv")

    assert read == [3]

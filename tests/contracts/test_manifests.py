"""The numbered log: committed once, found without listing, unreadable never silently."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConflictError, LakeError
from contracts.lake import hour_key, manifest_path, parse_hour_key
from contracts.manifests import DataFile, Manifest, ManifestLog, Measures, PartitionRange
from contracts.progress import Progress, read_progress, write_progress
from contracts.store import FolderStore

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def manifest(seq: int, **changed) -> Manifest:
    facts = {
        "event": "listen_events", "seq": seq, "kind": "stream", "writer": "w", "batch": seq,
        "batch_at": NOON, "committed_at": NOON, "contract_version": 1,
        "offsets": (PartitionRange("listen_events", 0, 0, 5, 3, 1, 1),),
        "accepted": 3, "rejected": 1, "rejected_by_reason": {"missing_field": 1},
        "files": (DataFile("listen_events/x.parquet", "2026-01-01-12:00", 3, 100),),
        "rejected_files": (),
    }  # fmt: skip
    return Manifest(**{**facts, **changed})


@pytest.fixture
def log(tmp_path):
    return ManifestLog(FolderStore(tmp_path), "listen_events")


def test_a_manifest_is_read_as_it_was_written(log):
    log.append(manifest(1))

    assert log.read(1) == manifest(1)
    assert log.read(1).end_offsets() == {0: 5}


def test_a_manifest_from_before_it_had_measures_is_read(log):
    path = manifest_path("listen_events", 1)
    log.append(manifest(1, measures=Measures(10, {"plan": 0.1}, {"judge": 0.2})))
    known = msgspec.json.decode(log.store.read(path))
    log.store.put(path, msgspec.json.encode({k: v for k, v in known.items() if k != "measures"}))

    assert log.read(1) == manifest(1)


def test_a_number_is_taken_once(log):
    log.append(manifest(1))

    with pytest.raises(ConflictError, match="another writer has committed"):
        log.append(manifest(1, writer="other"))
    assert log.read(1).writer == "w"


def test_a_cursor_reads_only_what_is_newer(log):
    for seq in (1, 2, 3):
        log.append(manifest(seq))

    assert [each.seq for each in log.after(1)] == [2, 3]
    assert list(log.after(3)) == []


@given(length=st.integers(0, 300), hint=st.integers(0, 300))
def test_the_last_number_is_found_from_any_hint(length, hint):
    standing = {manifest_path("e", seq) for seq in range(1, length + 1)}
    asked = []

    class Names:
        def exists(self, path):
            asked.append(path)
            return path in standing

        def list(self, folder):  # noqa: ARG002  the signature of a store
            return iter(())

    assert ManifestLog(Names(), "e").last(hint=min(hint, length)) == length
    assert len(asked) <= 20


def test_an_unreadable_manifest_is_named(log):
    log.store.put(manifest_path("listen_events", 1), b'{"event": 1}')

    with pytest.raises(LakeError, match=r"000000000001\.json cannot be read"):
        log.read(1)


def test_a_newer_format_is_refused(log):
    log.append(manifest(1, format=99))

    with pytest.raises(LakeError, match="upgrade"):
        log.read(1)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  given a zone below
def test_an_hours_name_names_that_hour(at):
    hour = at.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)

    assert parse_hour_key(hour_key(hour)) == hour


def test_progress_is_read_as_it_was_written(tmp_path):
    store = FolderStore(tmp_path)
    progress = Progress("listen_events", NOON, {0: 5}, {0: 7}, 1, "w", NOON)
    assert read_progress(store, "listen_events") is None

    write_progress(store, progress)

    assert read_progress(store, "listen_events") == progress

"""The record of an erasure, and what its manifests come to."""

from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest

from contracts.erasures import ErasureRecord, erased_rows, read_erasure, write_erasure
from contracts.errors import LakeError
from contracts.lake import erasure_path, manifest_path
from contracts.manifests import FORMAT, ErasedFile, Manifest, ManifestLog
from contracts.store import FolderStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECORD = ErasureRecord("ab", 1, NOW, "Ada", None, {"listen_events": {"2026-01-01-05:00": 2}})


def erasure(seq: int, *erased: ErasedFile) -> Manifest:
    return Manifest(
        event="listen_events", seq=seq, kind="erasure", writer="ab", batch=1, batch_at=NOW,
        committed_at=NOW, contract_version=1, offsets=(), accepted=0, rejected=0,
        rejected_by_reason={}, files=(), rejected_files=(), format=FORMAT, suppressions=1,
        erased=erased,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path)


def test_a_record_is_read_as_it_was_written(store):
    assert read_erasure(store, "ab") is None
    write_erasure(store, RECORD)

    assert read_erasure(store, "ab") == RECORD


def test_a_record_that_cannot_be_read_is_told(store):
    store.put(erasure_path("ab"), b"[]")

    with pytest.raises(LakeError, match="cannot be read"):
        read_erasure(store, "ab")


def test_rows_of_a_file_are_added_up_over_erasures(store):
    log = ManifestLog(store, "listen_events")
    log.append(erasure(1, ErasedFile("a", "h", 2), ErasedFile("b", "h", 1)))
    log.append(erasure(2, ErasedFile("a", "h", 5)))

    assert erased_rows(log.after(0)) == {"a": 7, "b": 1}
    assert log.read(1).user_hash == "ab"


def test_a_newer_format_is_refused_whatever_it_has(store):
    store.put(manifest_path("listen_events", 1), b'{"kind": "unheard of", "format": 99}')

    with pytest.raises(LakeError, match="has format 99, this version reads up to 2: upgrade"):
        ManifestLog(store, "listen_events").read(1)


class ManifestBeforeErasures(msgspec.Struct):
    """What a version reads that knows none."""

    kind: Literal["stream", "replay", "files", "gap"]


def test_a_version_that_knows_no_erasures_stops_at_one(store):
    ManifestLog(store, "listen_events").append(erasure(1))

    with pytest.raises(msgspec.ValidationError, match="Invalid enum value 'erasure'"):
        msgspec.json.decode(
            store.read(manifest_path("listen_events", 1)), type=ManifestBeforeErasures
        )

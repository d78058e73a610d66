"""Expiry: the log goes on after its expired beginning; the newest record holds."""

from dataclasses import replace

import pytest

from contracts.errors import ConflictError, LakeError
from contracts.expiry import Expiry, append_expiry, read_expiry, remove_older
from contracts.lake import expiry_path, manifest_path
from contracts.manifests import ManifestLog
from contracts.store import FolderStore

from .test_manifests import NOON, manifest

EXPIRY = Expiry("listen_events", 1, NOON, 2, NOON, accepted=6, rejected=2)


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path)


@pytest.fixture
def log(store):
    """A log of four manifests, of which the first two have expired."""
    log = ManifestLog(store, "listen_events")
    for seq in range(1, 5):
        log.append(manifest(seq))
    append_expiry(store, EXPIRY)
    return log


@pytest.mark.parametrize("cursor", [0, 1, 2])
@pytest.mark.parametrize("deleted", [(), (1,), (1, 2)])
def test_a_reader_goes_on_after_what_has_expired(log, store, cursor, deleted):
    for seq in deleted:
        store.delete(manifest_path("listen_events", seq))

    assert [each.seq for each in log.after(cursor)] == [3, 4]
    assert log.last(cursor) == 4


def test_the_newest_record_holds(store, log):
    newer = replace(EXPIRY, number=2, seq=3)
    append_expiry(store, newer)
    assert read_expiry(store, "listen_events") == newer

    remove_older(store, newer)

    assert list(store.list("_expired")) == [expiry_path("listen_events", 2)]
    assert read_expiry(store, "listen_events") == newer
    assert read_expiry(store, "auth_events") is None


def test_of_two_that_expire_at_once_one_is_told(store, log):
    with pytest.raises(ConflictError, match="try again"):
        append_expiry(store, replace(EXPIRY, seq=4))
    assert read_expiry(store, "listen_events") == EXPIRY


class Vanishing(FolderStore):
    """A store in which older records are removed just after they were listed."""

    def read(self, path):
        if path == expiry_path("listen_events", 1) and self.exists(path):
            append_expiry(self, replace(EXPIRY, number=2))
            self.delete(path)
        return super().read(path)


def test_a_record_that_is_removed_while_it_is_read_is_looked_for_again(store, log):
    assert read_expiry(Vanishing(store.root), "listen_events").number == 2


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        pytest.param(b"{}", "cannot be read", id="unreadable"),
        pytest.param(
            b'{"event":"e","number":1,"before":"2026-01-01T00:00:00Z","seq":1,'
            b'"expired_at":"2026-01-01T00:00:00Z","format":9}',
            "upgrade",
            id="of a newer format",
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_named(store, written, problem):
    store.put(expiry_path("e", 1), written)

    with pytest.raises(LakeError, match=problem):
        read_expiry(store, "e")

from datetime import timedelta

import pytest

from musicflow_dagster.lake_index import LakeIndex
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens

END = FIRST_HOUR + timedelta(days=1)


@pytest.fixture
def lake(tmp_path):
    return LakeBuilder(tmp_path / "lake")


@pytest.fixture
def index(tmp_path, lake):
    return LakeIndex(tmp_path / "index" / "manifests.sqlite", lake.store)


def test_an_hour_adds_up_what_its_manifests_brought(lake, index):
    lake.land("listen_events", hour_of_listens(0, 5) + hour_of_listens(1, 2))
    lake.land("listen_events", hour_of_listens(0, 3), kind="files")
    index.refresh()
    hours, files = index.hours("listen_events", FIRST_HOUR, END)

    assert {hour.hour: (each.stream, each.files) for hour, each in hours.items()} == {
        0: (5, 3),
        1: (2, 0),
    }
    assert [file.kind for file in files if file.hour == FIRST_HOUR] == ["stream", "files"]


def test_only_new_manifests_are_read(lake, index, monkeypatch):
    lake.land("listen_events", hour_of_listens(0, 1))
    assert index.refresh()["listen_events"] == 1
    read = []
    monkeypatch.setattr(lake.store, "read", _noting(read, lake.store.read))
    lake.land("listen_events", hour_of_listens(1, 1))
    index.refresh()

    assert [path for path in read if path.startswith("_batches")] == [
        "_batches/listen_events/000000000002.json"
    ]


def _noting(read, original):
    def note(path):
        read.append(path)
        return original(path)

    return note


def test_a_fingerprint_changes_with_each_manifest_and_with_nothing_else(lake, index):
    lake.land("listen_events", hour_of_listens(0, 1) + hour_of_listens(1, 1))
    index.refresh()
    before = index.fingerprints()["listen_events"]
    lake.land("listen_events", hour_of_listens(1, 1))
    index.refresh()
    after = index.fingerprints()["listen_events"]

    assert after[FIRST_HOUR] == before[FIRST_HOUR]
    assert after[FIRST_HOUR + timedelta(hours=1)] != before[FIRST_HOUR + timedelta(hours=1)]


def test_an_index_made_again_has_the_same_fingerprints(lake, index):
    for hour in (0, 1, 0):
        lake.land("listen_events", hour_of_listens(hour, 2))
        index.refresh()
    before = index.fingerprints()
    index.path.unlink()
    index.refresh()

    assert index.fingerprints() == before


def test_a_damaged_index_is_made_again(lake, index):
    lake.land("listen_events", hour_of_listens(0, 1))
    index.path.parent.mkdir()
    index.path.write_bytes(b"this is no database, whatever it is called" * 100)

    assert index.refresh()["listen_events"] == 1


def test_the_index_of_another_lake_is_made_again(lake, index, tmp_path):
    lake.land("listen_events", hour_of_listens(0, 1))
    index.refresh()
    other = LakeBuilder(tmp_path / "other")
    replaced = LakeIndex(index.path, other.store)

    assert replaced.refresh()["listen_events"] == 0
    assert replaced.fingerprints()["listen_events"] == {}

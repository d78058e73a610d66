"""Keys that a machine keeps for itself: one, whole, for its owner only."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

from contracts.keys import kept_key


def test_a_key_is_made_once_for_its_owner_only(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: kept_key(tmp_path / "new" / "a.key"), range(16)))

    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / "new" / "a.key").stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["a.key"]


def test_a_key_is_on_the_disk_before_it_stands(tmp_path, monkeypatch):
    done = []
    for name in ("fsync", "link"):
        call = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, name=name, call=call: done.append(name) or call(*a)
        )

    kept_key(tmp_path / "a.key")

    assert done == ["fsync", "link", "fsync"]

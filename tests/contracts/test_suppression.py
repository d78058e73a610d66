"""The suppression list: added once, read cheaply, of no use without its key."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from contracts.errors import ConfigurationError, LakeError
from contracts.keys import kept_key
from contracts.lake import suppression_path
from contracts.store import FolderStore
from contracts.suppression import (
    NOBODY,
    SuppressionKey,
    SuppressionList,
    read_suppressions,
    user_hash,
)
from contracts.suppression_entries import (
    SuppressionEntry,
    forgotten_no_more,
    lost_entry,
    read_entry,
)

KEY = SuppressionKey("the key of these tests")


class CountingStore(FolderStore):
    """A store that counts what it is asked."""

    asked = 0

    def exists(self, path: str) -> bool:
        self.asked += 1
        return super().exists(path)

    def read(self, path: str) -> bytes:
        self.asked += 1
        return super().read(path)

    def list(self, folder: str) -> Iterator[str]:
        self.asked += 1
        return super().list(folder)


@pytest.fixture
def store(tmp_path) -> CountingStore:
    return CountingStore(tmp_path / "lake")


def test_who_is_added_is_among_them(store):
    SuppressionList(store, KEY).add(42, "Ada")
    SuppressionList(store, KEY).add(-7, "Ada")

    found = read_suppressions(store, KEY)

    assert found.number == 2
    assert found.among([1, 42, -7, 7]) == {42, -7}
    assert bool(found)


def test_the_hash_is_keyed_outside_and_inside():
    inner = hashlib.sha256(b"inner|k|42").hexdigest()

    assert user_hash("k", 42) == hashlib.sha256(f"outer|k|{inner}".encode()).hexdigest()


def test_adding_twice_changes_nothing(store):
    first = SuppressionList(store, KEY).add(42, "Ada")
    again = SuppressionList(store, KEY).add(42, "Bob")

    assert again == first
    assert read_suppressions(store, KEY).number == 1


def test_of_many_who_add_at_once_each_gets_a_number(store):
    with ThreadPoolExecutor(8) as pool:
        entries = list(
            pool.map(lambda n: SuppressionList(store, KEY).add(n % 10, "Ada"), range(40))
        )

    assert {each.number for each in entries} == set(range(1, 11))
    assert read_suppressions(store, KEY).among(range(20)) == set(range(10))


def test_an_empty_list_needs_no_key_and_costs_a_question(store, tmp_path):
    key = SuppressionKey(None, tmp_path)

    assert read_suppressions(store, key) is NOBODY
    assert store.asked == 1
    assert not (tmp_path / "suppression.key").exists()


def test_a_second_look_costs_a_question_if_nothing_is_new(store):
    known = SuppressionList(store, KEY)
    for user in range(5):
        known.add(user, "Ada")
    before = known.read()
    store.asked = 0

    assert known.read() is before
    assert store.asked == 1


def test_a_list_whose_key_is_not_here_is_told(store, tmp_path):
    SuppressionList(store, SuppressionKey(None, tmp_path / "here")).add(42, "Ada")

    with pytest.raises(ConfigurationError, match="its key is not here: set MUSICFLOW_SUPPRESSION"):
        read_suppressions(store, SuppressionKey(None, tmp_path / "elsewhere"))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("does", ["read", "add"])
def test_another_key_is_refused_without_showing_either(store, does):
    SuppressionList(store, KEY).add(42, "Ada")
    other = SuppressionList(store, SuppressionKey("another"))

    with pytest.raises(ConfigurationError, match="is not the key that this lake's list") as told:
        other.read() if does == "read" else other.add(7, "Ada")
    assert "another" not in str(told.value)
    assert KEY.configured not in str(told.value)


def test_only_who_begins_a_list_may_make_a_key(store, tmp_path):
    SuppressionList(store, KEY).add(42, "Ada")

    with pytest.raises(ConfigurationError, match="its key is not here"):
        SuppressionList(store, SuppressionKey(None, tmp_path)).add(7, "Ada")


def test_neither_id_nor_key_is_in_an_entry_or_shown(store):
    entry = SuppressionList(store, KEY).add(7_350_219_864_731, "Ada")
    found = read_suppressions(store, KEY)

    written = store.read(suppression_path(1)).decode() + repr((entry, found, KEY))
    assert "7350219864731" not in written
    assert KEY.configured not in written


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"{", "cannot be read", id="no JSON"),
        pytest.param(
            b'{"number":1,"user_hash":"a","key_check":"b","requested_at":"2026-01-01T00:00:00Z",'
            b'"requested_by":"Ada","format":9}',
            "upgrade this station",
            id="newer",
        ),
    ],
)
def test_an_entry_that_cannot_be_read_is_told(store, content, problem):
    store.put(suppression_path(1), content)

    with pytest.raises(LakeError, match=problem):
        read_suppressions(store, KEY)


def test_a_list_that_lost_its_end_is_told(store):
    with pytest.raises(LakeError, match="is gone, and batches were made by it"):
        SuppressionList(store, KEY).read(at_least=1)


def test_a_key_is_made_once_for_its_owner_only(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: kept_key(tmp_path / "new" / "a.key"), range(16)))

    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / "new" / "a.key").stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["a.key"]


@pytest.mark.parametrize("asked", ["made", "existing"])
def test_an_empty_key_file_is_no_key(tmp_path, asked):
    (tmp_path / "suppression.key").write_text(" \n")

    with pytest.raises(ConfigurationError, match="is empty: bring it back from a copy, or remove"):
        getattr(SuppressionKey(None, tmp_path), asked)()


def test_a_key_is_on_the_disk_before_it_stands(tmp_path, monkeypatch):
    done = []
    for name in ("fsync", "link"):
        call = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, name=name, call=call: done.append(name) or call(*a)
        )

    kept_key(tmp_path / "a.key")

    assert done == ["fsync", "link", "fsync"]


@pytest.fixture
def kept(tmp_path) -> SuppressionKey:
    """A key with a work folder, in which copies are kept."""
    return SuppressionKey(None, tmp_path / "home")


def test_a_list_that_is_lost_with_its_lake_is_put_back(store, kept):
    for user in (42, 7):
        SuppressionList(store, kept).add(user, "Ada")
    before = [read_entry(store, each) for each in (1, 2)]
    shutil.rmtree(store.root)

    found = read_suppressions(store, kept)

    assert found.among([42, 7, 1]) == {42, 7}
    assert [read_entry(store, each) for each in (1, 2)] == before


def test_a_list_that_was_set_back_keeps_what_it_has_got_since(store, kept):
    for user in (42, 7):
        SuppressionList(store, kept).add(user, "Ada")
    store.delete(suppression_path(2))
    SuppressionList(store, SuppressionKey(kept.existing())).add(1, "Ada")

    assert read_suppressions(store, kept).among([42, 7, 1]) == {42, 7, 1}
    assert [read_entry(store, each).number for each in (1, 2, 3)] == [1, 2, 3]


def test_whoever_reads_a_list_keeps_a_copy(store, kept, tmp_path):
    SuppressionList(store, kept).add(42, "Ada")
    other = SuppressionKey(kept.existing(), tmp_path / "other")
    read_suppressions(store, other)
    store.delete(suppression_path(1))

    assert read_suppressions(store, other).among([42]) == {42}


def test_a_long_list_is_not_read_again_where_a_copy_is(store, kept):
    known = SuppressionList(store, kept)
    for user in range(20):
        known.add(user, "Ada")
    store.asked = 0

    assert read_suppressions(store, kept).number == 20
    assert store.asked <= 4


def test_a_copy_is_of_one_lake_alone(store, kept, tmp_path):
    SuppressionList(store, kept).add(42, "Ada")

    assert read_suppressions(FolderStore(tmp_path / "another"), kept) is NOBODY


def test_a_copy_that_cannot_be_kept_is_warned_of(store, tmp_path, capsys):
    (tmp_path / "home").write_text("no folder")
    SuppressionList(store, SuppressionKey("key", tmp_path / "home")).add(42, "Ada")

    assert read_suppressions(store, SuppressionKey("key")).among([42]) == {42}


def test_a_copy_that_cannot_be_read_is_told(store, kept):
    SuppressionList(store, kept).add(42, "Ada")
    (copy,) = (kept.home / "suppressed").iterdir()
    copy.write_text("{")

    with pytest.raises(LakeError, match="copy of the list of forgotten users, cannot be read"):
        read_suppressions(store, kept)


def test_after_its_key_was_lost_a_list_goes_on_under_a_new_one(store, kept):
    old, new = SuppressionList(store, KEY), SuppressionList(store, kept)
    for user in (1, 2):
        old.add(user, "Ada")

    entry = new.add_with_new_key(2, "Ada", 0)
    new.add(3, "Ada")

    assert entry.number == 3
    found = read_suppressions(store, kept)
    assert (found.number, found.among([1, 2, 3])) == (4, {2, 3})
    with pytest.raises(ConfigurationError, match="is not the key that this lake's list"):
        old.read()


def test_the_same_command_with_a_new_key_may_be_run_again(store, kept):
    for user in (1, 2, 3):
        SuppressionList(store, KEY).add(user, "Ada")
    first = SuppressionList(store, kept).add_with_new_key(1, "Ada", 3)

    again = [SuppressionList(store, kept).add_with_new_key(1, "Ada", 4) for _ in range(3)]

    assert again == [first] * 3
    found = read_suppressions(store, kept)
    assert (found.number, found.let_in_again) == (4, 2)


def test_a_key_that_is_found_again_is_a_new_one_too(store, kept):
    SuppressionList(store, KEY).add(1, "Ada")
    SuppressionList(store, kept).add_with_new_key(2, "Ada", 1)

    SuppressionList(store, KEY).add_with_new_key(1, "Ada", 2)

    assert read_suppressions(store, KEY).among([1, 2]) == {1}


@pytest.mark.parametrize(
    ("entries", "users"),
    [
        pytest.param("1A 2A", 0, id="one key"),
        pytest.param("1A 2A 3A 1B", 2, id="one of three forgotten again"),
        pytest.param("1A 2A 3A 1B 1B 1B", 2, id="the same one thrice"),
        pytest.param("1A 1B 2B 3B", 0, id="more than there were"),
        pytest.param("-B -B -B 1B", 2, id="a lost list"),
        pytest.param("1A -A 3A", 0, id="an entry lost, a user forgotten since"),
        pytest.param("1A -A", 1, id="an entry lost"),
        pytest.param("1A 2A 1B 2B 1C", 1, id="two lost keys of the same users"),
    ],
)
def test_who_is_let_in_again_is_counted_as_far_as_can_be(entries, users):
    made = [
        SuppressionEntry(
            number, lost_entry(number) if user == "-" else user + key, key, datetime.now(UTC), "Ada"
        )
        for number, (user, key) in enumerate(entries.split(), 1)
    ]

    assert forgotten_no_more(made, made[-1].key_check) == users


def test_a_list_of_two_keys_is_put_back_with_its_numbers(store, kept):
    SuppressionList(store, KEY).add(1, "Ada")
    SuppressionList(store, kept).add_with_new_key(2, "Ada", 0)
    before = [read_entry(store, each) for each in (1, 2)]
    shutil.rmtree(store.root)

    assert read_suppressions(store, kept).among([1, 2]) == {2}
    assert [read_entry(store, each) for each in (1, 2)] == before


def test_what_a_copy_has_of_a_lost_key_is_left_where_the_list_began_anew(store, tmp_path):
    home = tmp_path / "home"
    SuppressionList(store, SuppressionKey("lost", home)).add(1, "Ada")
    shutil.rmtree(store.root)
    SuppressionList(store, KEY).add(2, "Ada")

    found = read_suppressions(store, SuppressionKey(KEY.configured, home))

    assert (found.number, found.among([1, 2])) == (1, {2})


def test_a_lost_list_whose_key_is_another_is_told(store, tmp_path):
    home = tmp_path / "home"
    SuppressionList(store, SuppressionKey("lost", home)).add(1, "Ada")
    shutil.rmtree(store.root)

    with pytest.raises(ConfigurationError, match="is not the key that this lake's list"):
        read_suppressions(store, SuppressionKey("another", home))


class InBucket(FolderStore):
    """A store that is another's, as far as it says."""

    filesystem = object()


def test_a_lake_that_other_machines_share_gets_no_key_of_one_machine(tmp_path):
    shared = InBucket(tmp_path / "lake")

    with pytest.raises(ConfigurationError, match="set MUSICFLOW_SUPPRESSION_KEY first, here and"):
        SuppressionList(shared, SuppressionKey(None, tmp_path)).add(42, "Ada")
    assert list(shared.list("")) == []
    SuppressionList(shared, KEY).add(42, "Ada")
    assert read_suppressions(shared, KEY).among([42]) == {42}

"""The suppression list: added once, read cheaply, of no use without its key."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.errors import ConfigurationError, LakeError
from contracts.lake import suppression_path
from contracts.store import FolderStore
from contracts.suppression import (
    NOBODY,
    SuppressionKey,
    SuppressionList,
    read_suppressions,
    user_hash,
)

KEY = SuppressionKey("the key of these tests")


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


@pytest.mark.parametrize("asked", ["made", "existing"])
def test_an_empty_key_file_is_no_key(tmp_path, asked):
    (tmp_path / "suppression.key").write_text(" \n")

    with pytest.raises(ConfigurationError, match="is empty: bring it back from a copy, or remove"):
        getattr(SuppressionKey(None, tmp_path), asked)()


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

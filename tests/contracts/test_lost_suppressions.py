"""The suppression list after its key, its entries or its whole lake were lost."""

import shutil
from datetime import UTC, datetime

import pytest

from contracts.errors import ConfigurationError, LakeError
from contracts.lake import suppression_path
from contracts.store import FolderStore
from contracts.suppression import (
    NOBODY,
    SuppressionKey,
    SuppressionList,
    read_suppressions,
)
from contracts.suppression_entries import (
    SuppressionEntry,
    forgotten_no_more,
    lost_entry,
    read_entry,
)

KEY = SuppressionKey("the key of these tests")


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

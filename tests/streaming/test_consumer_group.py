"""The groups in Kafka's tools follow the lake; that they can't be written is said once."""

import pytest

from contracts.errors import UnavailableError
from streaming.consumer_group import ShownOffsets


class Groups:
    """A cluster's consumer groups."""

    def __init__(self) -> None:
        self.orders = []
        self.is_away = False

    def commit_group(self, group, topic, ends):
        self.orders.append((group, topic, dict(ends)))
        if self.is_away:
            raise UnavailableError("away")


@pytest.fixture
def groups() -> Groups:
    return Groups()


def test_only_what_is_new_is_committed(groups):
    shown = ShownOffsets(groups, "musicflow-")

    shown.show({"a": {0: 5}, "b": {}})
    shown.show({"a": {0: 5}, "b": {0: 1}})

    assert groups.orders == [("musicflow-a", "a", {0: 5}), ("musicflow-b", "b", {0: 1})]


def test_a_failure_that_goes_by_is_not_said(groups, capsys):
    shown = ShownOffsets(groups, "musicflow-")
    for groups.is_away in (True, False, True, False):
        shown.show({"a": {0: len(groups.orders)}})

    assert "do not show" not in "".join(capsys.readouterr())


def test_a_failure_that_lasts_is_said_once_and_tried_again(groups, capsys):
    shown = ShownOffsets(groups, "musicflow-")
    groups.is_away = True
    for _ in range(3):
        shown.show({"a": {0: 5}, "b": {0: 1}})
    assert [order[0] for order in groups.orders] == ["musicflow-a"] * 3, (
        "the next one would wait too"
    )
    assert "".join(capsys.readouterr()).count("do not show") == 1

    groups.is_away = False
    shown.show({"a": {0: 6}, "b": {0: 1}})

    assert groups.orders[-2:] == [("musicflow-a", "a", {0: 6}), ("musicflow-b", "b", {0: 1})]

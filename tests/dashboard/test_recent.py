"""What was read a moment ago is read once for all, and so is a failure."""

import pytest

from contracts.errors import UnavailableError
from dashboard.data.recent import Recent


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recent(clock):
    return Recent(5, clock)


def test_many_who_ask_at_once_are_one_reader(recent, clock):
    answers = iter("abc")

    assert [recent.get("key", lambda: next(answers)) for _ in range(3)] == ["a"] * 3
    clock.now = 5.1
    assert recent.get("key", lambda: next(answers)) == "b"


def test_each_key_is_read_for_itself(recent):
    assert [recent.get(key, lambda key=key: key) for key in "ab"] == ["a", "b"]


def test_a_failure_is_told_to_all_and_tried_again_later(recent, clock):
    tries = []

    def away():
        tries.append(1)
        raise UnavailableError("away")

    for _ in range(3):
        with pytest.raises(UnavailableError, match="away"):
            recent.get("key", away)
    assert len(tries) == 1

    clock.now = 5.1
    assert recent.get("key", lambda: "back") == "back"

"""What a bot does: it starts a song again and again, a second apart, and never hears it out."""

from collections.abc import Iterator

from eventsim.player import PLAY, SKIP

BURST = 20
"""Times that a bot starts a song again, each with listen, page view, and player actions."""


def moved(payload: bytes, at: int, seconds: int) -> bytes:
    """The message of `at` (epoch seconds) with a time so many seconds later."""
    return payload.replace(b'"ts":%d000' % at, b'"ts":%d000' % (at + seconds))


def actions(payload: bytes, at: int) -> Iterator[tuple[int, int, bytes]]:
    """What a bot does with the player, from the message of a song's `play` at `at`.

    Gives the kind of action, by how many seconds it is later, and the message; each has an
    identity of its own.
    """
    for number in range(BURST):
        again = payload.replace(b'-%d","user_id"' % PLAY, b'-%d-b%d","user_id"' % (PLAY, number), 1)
        yield PLAY, 1 + number, moved(again, at, 1 + number)
        left = payload.replace(b'-%d","user_id"' % PLAY, b'-%d-b%d","user_id"' % (SKIP, number), 1)
        left = left.replace(b'"event_type":"play"', b'"event_type":"skip"', 1)
        left = left.replace(b'"position_seconds":0', b'"position_seconds":1')
        yield SKIP, 2 + number, moved(left, at, 2 + number)

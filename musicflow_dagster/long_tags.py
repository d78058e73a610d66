"""Tags of runs that may be long: PostgreSQL indexes tags, and refuses a row of over 2,700 bytes."""

from collections.abc import Mapping

LONGEST = 2_000
"""Characters (ASCII) of one tag; a longer text goes on in the next."""


def long_tag(name: str, text: str) -> dict[str, str]:
    """The tags that hold `text`; the last of them is not full.

    >>> long_tag("hours", "short")
    {'hours': 'short'}
    """
    starts = range(0, len(text) + 1, LONGEST)
    return {_name(name, n): text[at : at + LONGEST] for n, at in enumerate(starts)}


def read_tag(tags: Mapping[str, str], name: str) -> str:
    """The text that tags hold, without what is left of an older one; empty if there is none."""
    pieces: list[str] = []
    while (piece := tags.get(_name(name, len(pieces)))) is not None:
        pieces.append(piece)
        if len(piece) < LONGEST:
            break
    return "".join(pieces)


def _name(name: str, number: int) -> str:
    return f"{name}/{number}" if number else name

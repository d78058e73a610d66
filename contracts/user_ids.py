"""The id of a user as people write it."""

import re

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_LIMIT = 2**63


def read_user_id(written: str) -> int | None:
    """The id, a whole number of 64 bits; None if it is none, for nothing may be guessed here.

    >>> read_user_id(" 42 "), read_user_id("-9223372036854775808")
    (42, -9223372036854775808)
    >>> [read_user_id(each) for each in ("", "4 2", "+42", "4.2", "9223372036854775808")]
    [None, None, None, None, None]
    """
    text = written.strip()
    if not _INTEGER.fullmatch(text) or not -_LIMIT <= int(text) < _LIMIT:
        return None
    return int(text)

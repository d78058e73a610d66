r"""Whom a payload names: ids of users in what may be broken JSON, or no JSON at all.

It is read leniently, since it decides what is forgotten: too much taken from rejects hurts nobody,
too little breaks a promise. A long number names a user wherever it stands; a short one, which may
be anything, where a key says so. What can be parsed is searched at and below such keys, what can't
just behind them.
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from streaming.exact import INT64
from streaming.wire import is_too_deep

LONG = 6
"""Digits from which a number is hardly another's count, price or status."""
# Possessive and bounded, so that no payload makes them slow.
_RUN = re.compile(rb"[0-9]{6,}+")
_NUMBER = re.compile(rb"[0-9]++")
_VALUE = rb"[^0-9,}]{0,200}?([-+]?[0-9][0-9.e+-]{0,60}+)"
# Each begins with letters, which are looked for much faster than anything else; all in lower case.
_KEYS = (rb"user(?![_\- ]?agent)", rb"uid(?<![a-z]uid)")
_KEYED = tuple(re.compile(each + _VALUE) for each in _KEYS)
_KEY = re.compile(rb"|".join(_KEYS).decode())
_OWN = re.compile(
    rb"""user[_-]?id(?<![a-z0-9_-]userid)(?<![a-z0-9_-]user.id)"""
    rb"""[\s"'\\:=]{1,64}+([-+]?[0-9][0-9.e+-]{0,60}+)(?!\w)"""
)
_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-f])")
_PERCENT = re.compile(rb"%([2-7][0-9a-f])")
_BLANK = b"\xef\xbb\xbf\xfe\xff \t\r\n"
"""What may stand before a text, and is none of it: byte order marks, too."""
_OPENING = ("{", "[")
_LONGEST_ID = 80
"""Characters of a text that may be an id."""
# Objects as their pairs, as a key may stand twice; numbers as they are written, for they may be
# long; NaN and control characters are let pass.
_PARSER = json.JSONDecoder(strict=False, object_pairs_hook=tuple, parse_int=str, parse_float=str)


def named_users(payload: bytes) -> set[int]:
    r"""Ids of the users that a payload may name.

    What has no braces, or does not begin with a bracket, is no message, but perhaps a line of a
    table: any number in it may be one.

    >>> 42 in named_users(b'{"user\\u0049d": "42", "sessionId": 7}')
    True
    >>> sorted(named_users(b"42,7,paid"))
    [-42, -7, 7, 42]
    """
    text = _plain(payload)
    if b"{" not in text or not text.lstrip(_BLANK).startswith((b"{", b"[")):
        return numbers(text)
    found = _either_sign(_RUN.findall(text)) | _keyed(text)
    if b"%" in text:
        found |= _keyed(_unescaped(_PERCENT, text))
    if b"user" in text or b"uid" in text:
        written = payload.replace(b"\0", b"").lstrip(_BLANK).decode(errors="replace")
        found.update(each for each in map(_id, _of_users(written)) if each is not None)
    return found


def numbers(record: bytes) -> set[int]:
    """All numbers of a record: any may be an id where nobody can tell what its cells are."""
    return _either_sign(_NUMBER.findall(_plain(record)))


def own_users(fields: bytes) -> set[int]:
    """Ids under the very key of the user, in fields that the contract does not know."""
    found = (_id(each.decode()) for each in _OWN.findall(_plain(fields)))
    return {each for each in found if each is not None}


def _plain(payload: bytes) -> bytes:
    """The payload in lower case, its ASCII as itself: in UTF-16, and where it is escaped."""
    text = payload.replace(b"\0", b"").lower()
    return _unescaped(_ESCAPED, text) if b"\\u00" in text else text


def _unescaped(escape: re.Pattern[bytes], text: bytes) -> bytes:
    return escape.sub(lambda found: bytes.fromhex(found[1].decode()), text).lower()


def _keyed(text: bytes) -> set[int]:
    """The first number behind each key of a user."""
    found: set[int] = set()
    for keyed in chain.from_iterable(each.findall(text) for each in _KEYED):
        whole = _id(keyed.decode())
        found |= {whole, -whole} if whole is not None else _either_sign(_NUMBER.findall(keyed)[:1])
    return found


def _of_users(written: str) -> Iterator[str]:
    """Values and keys at or below a user's key, in JSON and in texts that are JSON themselves."""
    waiting = [(_parsed(written), False)]
    while waiting:
        value, is_users = waiting.pop()
        if isinstance(value, tuple):
            waiting += [(each, is_users or bool(_KEY.search(key.lower()))) for key, each in value]
            if is_users:
                yield from (key for key, _ in value)
        elif isinstance(value, list):
            waiting += [(each, is_users) for each in value]
        elif isinstance(value, str):
            if is_users:
                yield value
            if value.lstrip().startswith(_OPENING):
                waiting.append((_parsed(value), is_users))


def _parsed(text: str) -> Any:
    """What a text that may be JSON has, without what follows; None if it is none."""
    if is_too_deep(text.encode(errors="replace")):
        return None
    try:
        return _PARSER.raw_decode(text.lstrip())[0]
    except ValueError:
        return None


def _either_sign(digits: Iterable[bytes]) -> set[int]:
    """The numbers, and what they are below zero: a dash may be a sign or not."""
    return set(_signed(digits))


def _signed(digits: Iterable[bytes]) -> Iterator[int]:
    for each in digits:
        text = each.lstrip(b"0") or b"0"
        if len(text) <= len(str(INT64.stop)) and (number := int(text)) <= INT64.stop:
            yield -number
            if number < INT64.stop:
                yield number


def _id(text: str) -> int | None:
    """The whole number of 64 bits that is written here."""
    if len(text) > _LONGEST_ID:
        return None
    try:
        number = Decimal(text)
        if not INT64.start <= number < INT64.stop or number != number.to_integral_value():
            return None
    except InvalidOperation:
        return None
    return int(number)

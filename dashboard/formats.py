"""Numbers and times as people read them."""

import re
from datetime import datetime, timedelta

import polars as pl

NONE = "—"
"""Stands for what is not known."""
_CODE = re.compile(r"(`[^`\n]+`)")
_DIRECTIONS = "[\u202a-\u202e\u2066-\u2069]"
"""Characters that turn the direction of text round."""


def number(value: float | None, digits: int = 0) -> str:
    """With thousands separators.

    >>> number(30012), number(1.256, 1), number(None)
    ('30,012', '1.3', '—')
    """
    return NONE if value is None else f"{value:,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of one, in percent.

    >>> percent(0.1234)
    '12.3 %'
    """
    return NONE if share is None else f"{100 * share:.{digits}f} %"


def change(now: float | None, before: float | None) -> str | None:
    """How much more (or less) `now` is than `before`, in percent; None if there's nothing to say.

    >>> change(110, 100), change(1, 0)
    ('+10.0 %', None)
    """
    if now is None or not before:
        return None
    points = round(100 * (now / before - 1), 1)
    return f"{points:+,.1f} %" if points else None


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units.

    >>> duration(42), duration(3_900), duration(200_000)
    ('42 s', '1 h 5 min', '2 d 7 h')
    """
    if seconds is None:
        return NONE
    left = round(seconds)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:,} {unit}")
    return " ".join(parts[:2]) or "0 s"


def moment(at: datetime | None) -> str:
    """A time to the minute, UTC; `at` is UTC, aware or not."""
    return NONE if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """How long ago `at` was, in its largest unit; `just now` within a minute."""
    seconds = max(now - at, timedelta()).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:,.0f} {unit} ago"
    return "just now"


def literal(text: str) -> str:
    r"""`text` for places that read Markdown, where it shows as it is and does nothing.

    >>> literal("[a](b) :red[c] <b>")
    '\\[a\\]\\(b\\) \\:red\\[c\\] \\<b\\>'
    """
    return "".join(f"\\{each}" if each in "\\`*_{}[]()#+-.!|<>~:$&\"'^=" else each for each in text)


def prose(text: str) -> str:
    r"""A sentence of ours as Markdown: it begins with a capital, and `code` is code.

    >>> prose("run `make demo` for *this*")
    'Run `make demo` for \\*this\\*'
    """
    capital = text[:1].upper() + text[1:]
    parts = _CODE.split(capital)
    return "".join(part if _CODE.fullmatch(part) else literal(part) for part in parts)


def isolated(name: pl.Expr) -> pl.Expr:
    """A name beside others: whichever way it is written, it does not turn its neighbours round."""
    return pl.concat_str(pl.lit("\u2068"), name.str.replace_all(_DIRECTIONS, ""), pl.lit("\u2069"))

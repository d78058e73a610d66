"""Leaving out the rows of users who are forgotten, before anything is written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.suppression import Suppressions
from streaming.judge import Verdict
from streaming.named import named_users, numbers, own_users

JudgeMessages = Callable[[pa.RecordBatch, datetime], Verdict]
"""What a `Judge` does."""
Among = Callable[[Iterable[int]], set[int]]
"""Answers which of these users are forgotten."""
_MOST_KNOWN = 1_000_000


class OutdatedListError(Exception):
    """A user was forgotten while a batch was made: it has to be made again, with the new list."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Rows without those who are forgotten."""

    rows: pa.Table
    lost: int = 0
    """Rows that went."""
    blanked: int = 0
    """Rows of others that stay, but for fields that the contract does not know."""


class Forgotten:
    """Takes those who are forgotten out of rows; each id is asked about once."""

    def __init__(self, among: Among) -> None:
        """Ask `among` about ids."""
        self._among = among
        self._known: dict[int, bool] = {}

    def accepted(self, rows: pa.Table) -> Cleaned:
        """Accepted rows without theirs.

        A row is theirs by its column, or, where that is empty, by what the contract does not know.
        Where such fields of another's row name them, the fields go, and the row stays.
        """
        users = rows["user_id"]
        theirs = np.zeros(rows.num_rows, dtype=bool)
        distinct = cast("list[int]", pc.unique(users).drop_null().to_pylist())
        if them := self._of(distinct):
            theirs |= pc.is_in(users, pa.array(them, users.type)).to_numpy()
        place = rows.schema.get_field_index("unknown_fields")
        if place < 0 or rows[place].null_count == rows.num_rows:
            return without_rows(rows, theirs)
        known = np.flatnonzero(pc.is_valid(rows[place]).to_numpy())
        texts = [each.encode() for each in cast("list[str]", rows[place].take(known).to_pylist())]
        is_nobodys = pc.is_null(users).to_numpy()[known]
        theirs[known] |= is_nobodys & self._each(map(own_users, texts))
        named = np.zeros(rows.num_rows, dtype=bool)
        named[known] = self._each(map(named_users, texts))
        named &= ~theirs
        if named.any():
            field = rows.schema.field(place)
            blank = pc.if_else(pa.array(named), pa.scalar(None, field.type), rows[place])
            rows = rows.set_column(place, field, blank)
        return replace(without_rows(rows, theirs), blanked=int(named.sum()))

    def rejects(self, rows: pa.Table) -> Cleaned:
        """Rejects without those whose payload names one of them."""
        return without_rows(rows, self.payloads(rows["payload"].to_pylist()))

    def payloads(self, payloads: Iterable[bytes | None]) -> np.ndarray:
        """Which of these messages name one."""
        return self._each(named_users(each or b"") for each in payloads)

    def records(self, records: Iterable[bytes]) -> np.ndarray:
        """Which records that nobody can read hold the id of one."""
        return self._each(map(numbers, records))

    def _each(self, named: Iterable[set[int]]) -> np.ndarray:
        return np.array([bool(self._of(each)) for each in named], dtype=bool)

    def _of(self, users: Iterable[int]) -> list[int]:
        distinct, known = set(users), self._known
        if new := [each for each in distinct if each not in known]:
            if len(known) > _MOST_KNOWN:
                self._known = known = {}
                new = list(distinct)
            forgotten = self._among(new)
            known.update({each: each in forgotten for each in new})
        return [each for each in distinct if known[each]]


@lru_cache(maxsize=2)
def forgotten_of(suppressions: Suppressions) -> Forgotten:
    """The one of this process: which users it knows outlasts a task and a batch."""
    return Forgotten(suppressions.among)


class SuppressingJudge:
    """Judges, and leaves out what names a user on the list."""

    def __init__(self, judge: JudgeMessages, suppressions: Suppressions) -> None:
        """Judge by `judge`; with an empty list it is all that happens."""
        self._judge = judge
        self.forgotten = forgotten_of(suppressions) if suppressions else None

    def __call__(self, messages: pa.RecordBatch, at: datetime) -> Verdict:
        """As `Judge`; `suppressed` says how many messages were left out."""
        verdict = self._judge(messages, at)
        if self.forgotten is None:
            return verdict
        accepted = self.forgotten.accepted(verdict.accepted)
        rejected = self.forgotten.rejects(verdict.rejected)
        return Verdict(accepted.rows, rejected.rows, accepted.lost + rejected.lost)


def without_rejects(verdict: Verdict, gone: np.ndarray) -> Verdict:
    """The verdict without these rejects."""
    left = without_rows(verdict.rejected, gone)
    return Verdict(verdict.accepted, left.rows, verdict.suppressed + left.lost)


def without_forgotten(accepted: pa.Table, suppressions: Suppressions) -> pa.Table:
    """Accepted rows without those of users on the list."""
    return forgotten_of(suppressions).accepted(accepted).rows if suppressions else accepted


def without_rows(rows: pa.Table, gone: np.ndarray) -> Cleaned:
    """The rows that are not gone; mostly they are all, and nothing is copied."""
    return Cleaned(rows.filter(pa.array(~gone)), int(gone.sum())) if gone.any() else Cleaned(rows)

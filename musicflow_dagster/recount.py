"""What really stands in the lake: files, and the rows that their footers tell.

Each number is counted where the rows are, never taken from what was noted about them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.erasures import read_erasure
from contracts.errors import LakeError
from contracts.lake import hour_key
from contracts.store import Store
from musicflow_dagster.counted import Finding
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex, rows_left

READERS = 16
"""Files whose footers are read at a time; it is mostly waiting where the lake is a bucket."""


def lake_findings(index: LakeIndex, hours: HourRange | None) -> Iterator[Finding]:
    """Files, of accepted rows and of rejects, that don't stand as their manifests say."""
    files = index.query(_FILES, _keys(hours))
    erasures = index.erasures(*_keys(hours))
    finished = _finished(index.store, erasures)
    openings = [partial(index.store.open, path) for *_, path, _ in files]
    with ThreadPoolExecutor(READERS) as pool:
        for (event, hour, path, rows), held in zip(
            files, pool.map(rows_by_footer, openings), strict=True
        ):
            about = erasures.get(path, ())
            done = sum(lost for user, lost in about if user in finished)
            to_do = [lost for user, lost in about if user not in finished]
            if held in rows_left(rows - done, to_do):
                continue
            stands = f"holds {held} rows" if isinstance(held, int) else held
            what = f"{path} {stands}, its manifest says {rows} rows"
            if done:
                what += f", of which {done} are erased (back in it? run `musicflow forget` again)"
            yield Finding(event, hour, what)


def _finished(store: Store, erasures: Mapping[str, Sequence[tuple[str, int]]]) -> set[str]:
    """Users, by hash, whose erasure is done: from then on files must not have their rows."""
    users = {user for about in erasures.values() for user, _ in about if user}
    records = [read_erasure(store, user) for user in users]
    return {each.user_hash for each in records if each and each.finished_at}


def rows_by_footer(opened: Callable[[], IO[bytes]]) -> int | str:
    """Rows of a Parquet file, or what is wrong with it."""
    try:
        with opened() as file:
            return int(pq.read_metadata(file).num_rows)
    except (FileNotFoundError, LakeError):
        return "is gone"
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({type(error).__name__})"


def _keys(hours: HourRange | None) -> tuple[str, str]:
    """The first hour's name and the name to stop before."""
    return (hour_key(hours.start), hour_key(hours.end)) if hours else ("", "9")


_FILES = """
select event, hour, path, rows from files where hour >= ?1 and hour < ?2
union all
select event, hour, path, rows from rejects where hour >= ?1 and hour < ?2
order by 1, 2, 3
"""

"""Lakes made for benchmarks: files and manifests as landing writes them, without Kafka or Spark."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.events import CONTRACT_VERSION, EVENTS, Event
from contracts.lake import HOUR, LAKE_RECORD, batch_folder, hour_folder, hour_key
from contracts.manifests import DataFile, Manifest, ManifestLog, PartitionRange
from contracts.progress import Progress, write_progress
from contracts.store import FolderStore
from contracts.to_arrow import accepted_schema
from musicflow_dagster.hours import HourRange

SHARES = {
    "listen_events": 0.28,
    "page_view_events": 0.35,
    "auth_events": 0.02,
    "status_change_events": 0.01,
    "music_events": 0.34,
}
"""Of each event in all that happens, as eventsim has it."""
LISTENERS, SONGS, ARTISTS, PLACES, AGENTS = 20_000, 50_000, 5_000, 2_000, 200

EVENTS_OF_A_VISIT = 14
"""In an hour, over all topics."""

Values = np.ndarray | pa.Array
Maker = Callable[["Rows"], Values]


@dataclass(frozen=True, slots=True)
class Rows:
    """What the columns of some rows are made from: who, what, when, and chance."""

    chance: np.random.Generator
    micros: np.ndarray
    listeners: np.ndarray
    songs: np.ndarray

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.micros)


def rows_between(
    hours: HourRange, an_hour: int, visitors: int, chance: np.random.Generator
) -> Rows:
    """`an_hour` rows in each hour, in order of time, of the `visitors` who are there then.

    Some listeners come more often than others, and some songs are heard far more often.
    """
    within = np.sort(chance.integers(0, 3_600_000, (len(hours), an_hour)), axis=1) * 1000
    starts = np.array([int(hour.timestamp()) for hour in hours])
    there = [_visitors(start, visitors)[chance.integers(0, visitors, an_hour)] for start in starts]
    micros = (starts[:, None] * 1_000_000 + within).ravel()
    songs = (SONGS * chance.random(len(micros)) ** 3).astype(np.int64)
    return Rows(chance, micros, np.concatenate(there), songs)


def _visitors(start: int, count: int) -> np.ndarray:
    """Who is there in the hour from `start` on: the same for all events."""
    return (LISTENERS * np.random.default_rng(start).random(count) ** 1.5).astype(np.int64)


def _named(word: str, numbers: np.ndarray, count: int) -> pa.Array:
    """Texts such as `word 7`, from so many different ones."""
    pool = pa.array([f"{word} {number}" for number in range(count)])
    return _taken(pool, numbers % count)


def _one_of(*texts: str) -> Maker:
    return lambda rows: _taken(pa.array(texts), rows.listeners % len(texts))


def _taken(pool: pa.Array, places: np.ndarray) -> pa.Array:
    return pool.take(pa.array(places.astype(np.int64), pa.int64()))


def _ids(rows: Rows) -> pa.Array:
    """Random texts of 32 hexadecimal digits, as derived ids are."""
    data = pa.py_buffer(rows.chance.bytes(16 * rows.count).hex().encode())
    offsets = pa.py_buffer((np.arange(rows.count + 1, dtype=np.int32) * 32).tobytes())
    return pa.Array.from_buffers(pa.string(), rows.count, [None, offsets, data])


MAKERS: dict[str, Maker] = {
    "event_id": _ids,
    "occurred_at": lambda rows: rows.micros,
    "landed_at": lambda rows: rows.micros + 60_000_000,
    "registered_at": lambda rows: 1_600_000_000_000_000 + rows.listeners * 1_000_000,
    "user_id": lambda rows: rows.listeners,
    "session_id": lambda rows: rows.listeners * 100_000 + rows.micros // 3_600_000_000 % 100_000,
    "item_in_session": lambda rows: rows.chance.integers(0, 200, rows.count),
    "status_code": lambda rows: np.full(rows.count, 200),
    "position_seconds": lambda rows: rows.chance.random(rows.count).round(3) * 200,
    "duration_seconds": lambda rows: 120 + rows.songs % 300 + 0.25,
    "latitude": lambda rows: 30 + rows.listeners % PLACES / 200,
    "longitude": lambda rows: -120 + rows.listeners % PLACES / 40,
    "is_success": lambda rows: rows.chance.random(rows.count) < 0.97,
    "level": _one_of("free", "free", "paid"),
    "auth": _one_of("Logged In"),
    "gender": _one_of("F", "M"),
    "state": _one_of("CA", "TX", "NY", "ID", "WA"),
    "region": _one_of("CA", "TX", "NY", "ID", "WA"),
    "home_region": _one_of("West", "South", "Northeast", "West", "West"),
    "country": _one_of("US"),
    "page": _one_of("NextSong", "NextSong", "Home", "Settings"),
    "method": _one_of("PUT", "GET"),
    "event_type": _one_of("play", "play", "play", "skip", "pause", "resume", "stop"),
    "device_type": _one_of("desktop", "phone", "tablet"),
    "operating_system": _one_of("windows", "ios", "android"),
    "browser": _one_of("chrome", "safari", "app"),
    "song": lambda rows: _named("A song of some length, number", rows.songs, SONGS),
    "song_id": lambda rows: _named("SO", rows.songs, SONGS),
    "artist": lambda rows: _named("The Artists of Number", rows.songs, ARTISTS),
    "city": lambda rows: _named("City", rows.listeners, PLACES),
    "zip": lambda rows: _named("zip", rows.listeners, PLACES),
    "first_name": lambda rows: _named("First", rows.listeners, 700),
    "last_name": lambda rows: _named("Last", rows.listeners, 1000),
    "user_agent": lambda rows: _named(
        "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko)",
        rows.listeners,
        AGENTS,
    ),
}
"""How each column is made; those that are not named are null."""


def table_of(event: Event, rows: Rows, first_offset: int) -> pa.Table:
    """The rows as `event` has them in the lake."""
    schema = accepted_schema(event)
    positions: dict[str, Values] = {
        "kafka_topic": pa.repeat(event.name, rows.count),
        "kafka_partition": np.zeros(rows.count, np.int64),
        "kafka_offset": first_offset + np.arange(rows.count),
    }
    columns = [_column(column, rows, positions) for column in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(column: pa.Field, rows: Rows, positions: dict[str, Values]) -> pa.Array:
    values: Values = pa.nulls(rows.count, column.type)
    if column.name in positions:
        values = positions[column.name]
    elif column.name in MAKERS:
        values = MAKERS[column.name](rows)
    made: pa.Array = values if isinstance(values, pa.Array) else pa.array(values, column.type)
    return made


def _with_copies(table: pa.Table, again: np.ndarray, first_offset: int) -> pa.Table:
    """The rows, some of them twice, in order of time and of offsets."""
    copied = pa.concat_tables([table, table.filter(pa.array(again, pa.bool_()))]).sort_by(
        "occurred_at"
    )
    where = copied.schema.get_field_index("kafka_offset")
    offsets = pa.array(first_offset + np.arange(copied.num_rows))
    return copied.set_column(where, copied.schema.field(where), offsets)


@dataclass
class MadeLake:
    """A lake in `root` that grows by `land`."""

    root: Path
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    offsets: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give it its record."""
        self.store = FolderStore(self.root)
        self.store.put_if_absent(LAKE_RECORD, b'{"lake_id":"made","layout":1}')

    def land_all(self, hours: HourRange, an_hour: int) -> None:
        """`an_hour` events of all kinds in each of `hours`, and landing caught up with them."""
        for event in EVENTS:
            self.land(event, hours, max(1, round(an_hour * SHARES[event.name])))
        self.catch_up(hours)

    def land(
        self, event: Event, hours: HourRange, an_hour: int, *, files: int = 1, copies: float = 0
    ) -> None:
        """One batch with `an_hour` rows in each hour, in `files` files an hour.

        `copies` is the share of rows that are there once more, as a producer's retry leaves them.
        """
        first = self.offsets.get(event.name, 0)
        visitors = max(1, round(an_hour / SHARES[event.name] / EVENTS_OF_A_VISIT))
        table = table_of(event, rows_between(hours, an_hour, visitors, self.chance), first)
        table = _with_copies(table, self.chance.random(table.num_rows) < copies, first)
        log = ManifestLog(self.store, event.name)
        seq, count, at = log.last() + 1, table.num_rows, hours.end + timedelta(minutes=2)
        manifest = Manifest(
            event=event.name, seq=seq, kind="stream", writer="made", batch=seq, batch_at=at,
            committed_at=at, contract_version=CONTRACT_VERSION,
            offsets=(PartitionRange(event.name, 0, first, first + count, count, 0, 0),),
            accepted=count, rejected=0, rejected_by_reason={}, rejected_files=(),
            files=tuple(self._files(event, table, hours, (seq, files))),
            min_occurred_at=hours.start, max_occurred_at=hours.end,
        )  # fmt: skip
        log.append(manifest)
        self.offsets[event.name] = first + count

    def catch_up(self, hours: HourRange) -> None:
        """Say that landing has come past the end of `hours`."""
        until = hours.end + HOUR / 4
        for event in EVENTS:
            held = {0: self.offsets.get(event.name, 0)}
            last = ManifestLog(self.store, event.name).last()
            write_progress(self.store, Progress(event.name, until, held, held, last, "made", until))

    def _files(
        self, event: Event, table: pa.Table, hours: HourRange, batch: tuple[int, int]
    ) -> Iterator[DataFile]:
        """Write the hours of a batch, given by its number and how many files an hour gets."""
        seq, files = batch
        ends = [int(hour.timestamp()) * 1_000_000 for hour in hours.widened(0, 1)]
        bounds = np.searchsorted(table["occurred_at"].cast(pa.int64()).to_numpy(), ends)
        for number, hour in enumerate(hours):
            edges = np.linspace(bounds[number], bounds[number + 1], files + 1).astype(int)
            for part in range(files):
                rows = table.slice(edges[part], edges[part + 1] - edges[part])
                folder = f"{hour_folder(event.name, hour)}/{batch_folder('made', seq)}"
                path = f"{folder}/p{part}-made.parquet"
                target = self.root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(rows, target, compression="zstd")
                size = target.stat().st_size
                yield DataFile(path, hour_key(hour), rows.num_rows, size)

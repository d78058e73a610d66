"""What a run left behind, read where its users would read it: manifests and published tables."""

from collections import Counter
from collections.abc import Mapping

from contracts.events import EVENTS
from contracts.lake import hour_key
from contracts.manifests import ManifestLog
from contracts.store import Store
from local.report import TopicCounts
from local.tables import Tables

TOP_SONGS = """
select songs.song_title, artists.artist_name, count(*) as plays
from marts.fct_streams as streams
join marts.dim_songs as songs using (song_key)
join marts.dim_artists as artists on artists.artist_key = songs.artist_key
group by streams.song_key, songs.song_title, artists.artist_name
order by plays desc, songs.song_title, artists.artist_name
limit 5
"""
NOTHING_BUILT = {"fct_streams": 0}
"""The facts before anything was built."""


def topic_counts(
    lake: Store, tables: Tables, produced: Mapping[str, int]
) -> dict[str, TopicCounts]:
    """Each topic's messages, hop by hop; `produced` are what Kafka acknowledged."""
    loaded = _loaded(tables)
    return {
        event.name: _counts(lake, event.name, produced[event.name], loaded[event.name])
        for event in EVENTS
    }


def facts(tables: Tables) -> dict[str, int]:
    """Rows of each published fact."""
    names = [name for name in tables.names("marts") if name.startswith("fct_")]
    counts = {name: tables.rows(f"select count(*) from marts.{name}") for name in names}  # noqa: S608 - names are the warehouse's own
    return NOTHING_BUILT | {name: int(rows[0][0]) for name, rows in counts.items()}


def hours(tables: Tables) -> int:
    """Hours that were built."""
    return len({hour for loaded in _loaded(tables).values() for hour in loaded})


def top_songs(tables: Tables) -> list[tuple[str, str, int]]:
    """The most played songs: title, artist, plays."""
    if "fct_streams" not in tables.names("marts"):
        return []
    return [(song, artist, plays) for song, artist, plays in tables.rows(TOP_SONGS)]


def _loaded(tables: Tables) -> dict[str, dict[str, tuple[int, int]]]:
    """Raw rows and removed duplicates of each event and built hour."""
    found: dict[str, dict[str, tuple[int, int]]] = {event.name: {} for event in EVENTS}
    if "raw_hours" in tables.names("reconciliation"):
        rows = tables.rows("select event, hour, raw_rows, duplicates from reconciliation.raw_hours")
        for event, hour, raw_rows, duplicates in rows:
            found[event][hour_key(hour)] = (raw_rows, duplicates)
    return found


def _counts(
    lake: Store, event_name: str, produced: int, loaded: Mapping[str, tuple[int, int]]
) -> TopicCounts:
    """The topic's counts, what was accepted and rejected being what the manifests say."""
    manifests = list(ManifestLog(lake, event_name).after(0))
    rejected: Counter[str] = Counter()
    for manifest in manifests:
        rejected.update(manifest.rejected_by_reason)
    files = [file for manifest in manifests for file in manifest.files]
    return TopicCounts(
        produced=produced,
        accepted=sum(manifest.accepted for manifest in manifests),
        rejected=dict(sorted(rejected.items())),
        duplicates=sum(duplicates for _, duplicates in loaded.values()),
        raw=sum(raw_rows for raw_rows, _ in loaded.values()),
        waiting=sum(file.rows for file in files if file.hour not in loaded),
    )

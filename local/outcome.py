"""What a run left behind, read where its users would read it: manifests and the snapshot."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import duckdb

from contracts.events import EVENTS
from contracts.lake import hour_key
from contracts.manifests import ManifestLog
from contracts.store import open_store
from local.report import TopicCounts
from local.workspace import Workspace

TOP_SONGS = """
select songs.song_title, artists.artist_name, count(*) as plays
from marts.fct_streams as streams
join marts.dim_songs as songs using (song_key)
join marts.dim_artists as artists on artists.artist_key = songs.artist_key
group by streams.song_key, songs.song_title, artists.artist_name
order by plays desc, songs.song_title, artists.artist_name
limit 5
"""


NO_SNAPSHOT = {"fct_streams": 0}
"""The facts before anything was built."""


def topic_counts(workspace: Workspace, produced: Mapping[str, int]) -> dict[str, TopicCounts]:
    """Each topic's messages, hop by hop; `produced` are what Kafka acknowledged."""
    loaded = _loaded(workspace)
    return {
        event.name: _counts(workspace, event.name, produced[event.name], loaded[event.name])
        for event in EVENTS
    }


def facts(workspace: Workspace) -> dict[str, int]:
    """Rows of each published fact."""
    with _snapshot(workspace) as views:
        names = views.execute(
            "select view_name from duckdb_views() where schema_name = 'marts' "
            "and view_name like 'fct_%' order by all"
        ).fetchall()
        counts = {name: views.table(f"marts.{name}").count("*").fetchall() for (name,) in names}
    return NO_SNAPSHOT | {name: int(rows[0][0]) for name, rows in counts.items()}


def hours(workspace: Workspace) -> int:
    """Hours that were built."""
    return len({hour for loaded in _loaded(workspace).values() for hour in loaded})


def top_songs(workspace: Workspace) -> list[tuple[str, str, int]]:
    """The most played songs: title, artist, plays."""
    if not _views(workspace).exists():
        return []
    with _snapshot(workspace) as views:
        return views.execute(TOP_SONGS).fetchall()


def _views(workspace: Workspace) -> Path:
    return workspace.snapshot / "musicflow.duckdb"


def _snapshot(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """The published snapshot; an empty database before anything was published."""
    views = _views(workspace)
    return duckdb.connect(views, read_only=True) if views.exists() else duckdb.connect()


def _loaded(workspace: Workspace) -> dict[str, dict[str, tuple[int, int]]]:
    """Raw rows and removed duplicates of each event and built hour."""
    found: dict[str, dict[str, tuple[int, int]]] = {event.name: {} for event in EVENTS}
    if _views(workspace).exists():
        with _snapshot(workspace) as views:
            rows = views.execute(
                "select event, hour, raw_rows, duplicates from reconciliation.raw_hours"
            ).fetchall()
        for event, hour, raw_rows, duplicates in rows:
            found[event][hour_key(hour)] = (raw_rows, duplicates)
    return found


def _counts(
    workspace: Workspace, event_name: str, produced: int, loaded: Mapping[str, tuple[int, int]]
) -> TopicCounts:
    """The topic's counts, what was accepted and rejected being what the manifests say."""
    manifests = list(ManifestLog(open_store(str(workspace.lake)), event_name).after(0))
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

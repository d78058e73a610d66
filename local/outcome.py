"""What a run left behind, read where its users would read it: manifests and the snapshot."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import duckdb

from contracts.events import EVENTS
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


def topic_counts(workspace: Workspace, produced: Mapping[str, int]) -> dict[str, TopicCounts]:
    """Each topic's messages, hop by hop; `produced` are what Kafka acknowledged."""
    loaded = _loaded(_views(workspace))
    return {
        event.name: _counts(workspace, event.name, produced[event.name], *loaded[event.name])
        for event in EVENTS
    }


def facts(workspace: Workspace) -> dict[str, int]:
    """Rows of each published fact."""
    with duckdb.connect(_views(workspace), read_only=True) as views:
        names = views.execute(
            "select view_name from duckdb_views() where schema_name = 'marts' "
            "and view_name like 'fct_%' order by all"
        ).fetchall()
        counts = {name: views.table(f"marts.{name}").count("*").fetchall() for (name,) in names}
    return {name: int(rows[0][0]) for name, rows in counts.items()}


def hours(workspace: Workspace) -> int:
    """Hours that were built."""
    with duckdb.connect(_views(workspace), read_only=True) as views:
        return len(views.execute("select distinct hour from reconciliation.built_hours").fetchall())


def top_songs(workspace: Workspace) -> list[tuple[str, str, int]]:
    """The most played songs: title, artist, plays."""
    with duckdb.connect(_views(workspace), read_only=True) as views:
        return views.execute(TOP_SONGS).fetchall()


def _views(workspace: Workspace) -> Path:
    return workspace.snapshot / "musicflow.duckdb"


def _loaded(views: Path) -> dict[str, tuple[int, int]]:
    """Raw rows and removed duplicates of each event."""
    none = {event.name: (0, 0) for event in EVENTS}
    with duckdb.connect(views, read_only=True) as connection:
        rows = connection.execute(
            "select event, sum(raw_rows)::bigint, sum(duplicates)::bigint "
            "from reconciliation.raw_hours group by event"
        ).fetchall()
    return none | {event: (raw, duplicates) for event, raw, duplicates in rows}


def _counts(
    workspace: Workspace, event_name: str, produced: int, raw: int, duplicates: int
) -> TopicCounts:
    """The topic's counts, what was accepted and rejected being what the manifests say."""
    manifests = list(ManifestLog(open_store(str(workspace.lake)), event_name).after(0))
    rejected: Counter[str] = Counter()
    for manifest in manifests:
        rejected.update(manifest.rejected_by_reason)
    return TopicCounts(
        produced=produced,
        accepted=sum(manifest.accepted for manifest in manifests),
        rejected=dict(sorted(rejected.items())),
        duplicates=duplicates,
        raw=raw,
    )

"""The page Live: what happens at the player, minute by minute; it refreshes itself."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from contracts.errors import MusicFlowError
from contracts.postgres import PostgresUrl
from dashboard import components, formats
from dashboard.components import Tile
from dashboard.data import live
from dashboard.data.live import LakeCounts, Live, LiveSource, PostgresCounts
from dashboard.data.recent import Recent
from dashboard.data.words import yes_or_no
from dashboard.figures import live as figures
from dashboard.guard import guarded
from dashboard.settings import Settings
from dashboard.view import View

EVERY = "10s"
SPANS = {"30 minutes": 30, "1 hour": 60, "3 hours": 180}
DEFAULT_SPAN = "30 minutes"
MOST_REGIONS = 12
MINUTES = "postgres.minute_metrics"
MOST_ROWS = 1_000
"""Of the raw table, that are sent with each refresh."""
_RECENT: Recent[Live] = Recent(seconds=5)
"""The counts, read once for all who look."""


def show(view: View) -> None:
    """Show the page."""
    source = source_of(view.settings)
    if source is None:
        components.nothing(
            "Live counts are not switched on",
            "`make dev` counts into a Postgres of its own. To count into yours, set POSTGRES_URL "
            "(such as postgresql://user@host:5432/music) for landing and for the dashboard; "
            "without any, MUSICFLOW_LIVE=true keeps the counts in the lake.",
        )
        return
    span = st.segmented_control(
        "Last minutes with events",
        list(SPANS),
        default=DEFAULT_SPAN,
        required=True,
        key="live-span",
    )
    _refreshed(source, SPANS[span or DEFAULT_SPAN])


def source_of(settings: Settings) -> LiveSource | None:
    """Where live counts are; None if nowhere."""
    secret = settings.postgres_url.get_secret_value() if settings.postgres_url else ""
    url = PostgresUrl.read({"POSTGRES_URL": secret})
    if url:
        return PostgresCounts(url)
    in_lake = LakeCounts(settings.lake)
    return in_lake if in_lake.exist() else None


@st.fragment(run_every=EVERY)
def _refreshed(source: LiveSource, minutes: int) -> None:
    """What stands below the choice of the span; only this is drawn anew."""
    with guarded():
        _drawn(source, minutes)


def _drawn(source: LiveSource, minutes: int) -> None:
    try:
        counts = _RECENT.get((source, minutes), lambda: source.read(minutes))
    except MusicFlowError as error:
        components.broken(
            "Live counts can't be read now",
            f"It is tried again every {EVERY.removesuffix('s')} seconds ({error}).",
        )
        return
    if counts.minutes.is_empty():
        components.nothing(
            "Nothing has been counted yet",
            f"From {counts.source}; this page goes on looking.",
        )
        return
    _counts(counts)


def _counts(counts: Live) -> None:
    now = datetime.now(UTC)
    left, right = st.columns(2)
    with left:
        types = sorted(counts.minutes["event_type"].unique())
        asked_types = st.multiselect("Action", types, placeholder="All", key="live-types")
    with right:
        regions = sorted(counts.minutes["region"].unique())
        asked_regions = st.multiselect("Region", regions, placeholder="All", key="live-regions")
    kept = live.chosen(counts.minutes, asked_types, asked_regions)
    by_type = live.by_type(kept)
    _tiles(counts, int(kept["events"].sum()), now)
    chart, bars = st.columns([2, 1])
    with chart:
        components.chart(
            "Events a minute, by action",
            lambda: figures.minutes(by_type),
            f"{MINUTES}.events",
            empty=by_type.is_empty(),
        )
    with bars:
        components.chart(
            f"Regions with most events (up to {MOST_REGIONS})",
            lambda: figures.regions(live.by_region(kept, MOST_REGIONS)),
            f"{MINUTES}.region",
            empty=kept.is_empty(),
        )
    components.note(
        "Listeners are different ones within a minute, action and region: they don't add up over "
        "these. A minute is final once the watermark has passed it; later events still count."
    )
    _raw(counts, kept)


def _tiles(counts: Live, events: int, now: datetime) -> None:
    newest = counts.newest
    tiles = [
        Tile("Events in these minutes", formats.number(events), f"{MINUTES}.events"),
        Tile(f"Newest minute, {newest:%Y-%m-%d}", f"{newest:%H:%M} UTC", f"{MINUTES}.window_start"),
    ]
    if counts.updated_at:
        ago = formats.ago(counts.updated_at, now)
        tiles.append(Tile("Last counted", ago, "postgres.serving_batches.committed_at"))
    components.metrics(*tiles)
    components.note(f"From {counts.source}; looked at {now:%H:%M:%S} UTC, every {EVERY}.")


def _raw(counts: Live, kept: pl.DataFrame) -> None:
    """The tables as they are, for whoever wants to check."""
    kept = yes_or_no(kept, "is_final")
    if counts.days is None:
        _minutes(kept)
        return
    of_minutes, of_days = st.tabs(["Minute metrics", "Daily metrics"])
    with of_minutes:
        _minutes(kept)
    with of_days:
        components.table(counts.days, "Daily metrics", "postgres.daily_metrics")


def _minutes(kept: pl.DataFrame) -> None:
    """The newest rows, and where there are more a CSV of all."""
    components.table(kept.head(MOST_ROWS), "Minute metrics", MINUTES)
    if kept.height > MOST_ROWS:
        of = f"{formats.number(MOST_ROWS)} of {formats.number(kept.height)}"
        components.note(f"The newest {of} rows. As a file there are all of them:")
        components.download(kept, "All minute metrics")

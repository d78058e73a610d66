"""The page Charts: which songs and artists are played most, and what rises."""

import polars as pl
import streamlit as st

from dashboard import components, formats
from dashboard.data import charts
from dashboard.data.charts import ARTISTS, SONGS, Ranked
from dashboard.figures import charts as figures
from dashboard.filters import Filters
from dashboard.view import View

SHOWN: dict[str, tuple[Ranked, str]] = {
    "Songs": (SONGS, "reporting.rpt_top_songs"),
    "Artists": (ARTISTS, "reporting.rpt_top_artists"),
}


def show(view: View) -> None:
    """Show the page."""
    kind, name = _choose()
    now, before = charts.period(view.filters, kind)
    is_comparable = charts.is_comparable(view.tables, now, before)
    _say(now, before, is_comparable=is_comparable)
    if kind == charts.RANGE and now.days < view.filters.days:
        components.note(f"Charts with these filters are of the last {now.days} chosen days.")
    ranked, of = SHOWN[name]
    top = charts.top(view.tables, ranked, now, before if is_comparable else None)
    _show_top(top, name, ranked, of, is_comparable=is_comparable)


def _choose() -> tuple[str, str]:
    """The period, and what is ranked; both are in the URL."""
    with st.container(horizontal=True):
        kind = st.segmented_control(
            "Period", charts.PERIODS, default=charts.RANGE, required=True, key="period",
            bind="query-params",
        )  # fmt: skip
        name = st.segmented_control(
            "Chart of", list(SHOWN), default="Songs", required=True, key="of", bind="query-params"
        )
    return kind or charts.RANGE, name or "Songs"


def _say(now: Filters, before: Filters, *, is_comparable: bool) -> None:
    shown = f"{now.first} to {now.last}" if now.days > 1 else f"{now.first}"
    against = f"{before.first} to {before.last}" if before.days > 1 else f"{before.first}"
    compared = (
        f"; moved against {against}, “new” was not among the first hundred then"
        if is_comparable
        else ""
    )
    components.note(f"Most played {shown} (UTC){compared}.")


def _show_top(
    top: pl.DataFrame, name: str, ranked: Ranked, of: str, *, is_comparable: bool
) -> None:
    drawn = top.with_columns(shown=_shown_name(ranked))
    components.chart(
        f"{name} most played",
        lambda: figures.most_played(drawn, "shown"),
        f"{of}.plays",
        empty=top.is_empty(),
    )
    if top.is_empty():
        return
    moved = [_movement().alias("moved")] if is_comparable else []
    components.table(
        top.select(
            "rank", *moved, *ranked.names, "plays", "skip_rate", "completion_rate",
            "listening_seconds",
        ),
        f"Top {name.lower()}",
        of,
        labels={"song_title": "Song", "artist_name": "Artist"},
    )  # fmt: skip


def _shown_name(ranked: Ranked) -> pl.Expr:
    """Song and artist in one, as songs of the same title are different ones."""
    return pl.concat_str([formats.isolated(pl.col(name)) for name in ranked.names], separator=" · ")


def _movement() -> pl.Expr:
    """Places won or lost since the period before, for people."""
    moved = pl.col("previous_rank") - pl.col("rank")
    return (
        pl.when(moved.is_null())
        .then(pl.lit("new"))
        .when(moved > 0)
        .then(pl.format("▲ {}", moved))
        .when(moved < 0)
        .then(pl.format("▼ {}", -moved))
        .otherwise(pl.lit("same"))
    )

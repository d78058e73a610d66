"""What every page is made of: numbers, tables, charts, and what stands where there are none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import altair as alt
import polars as pl
import streamlit as st

from dashboard import csv_file, formats

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

TABLE_ROWS = 12
"""How many rows of a table are seen at once; the others are scrolled to."""
ROW_PIXELS = 35
RATES = ("_rate", "_share", "share_of_topic")
"""How columns end that are shares of one; they are shown in percent."""
LISTENING = "listening_seconds"
"""How columns end that are shown in hours; as CSV they are seconds."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with its name, and where it is defined (`schema.table.column`).

    `delta` is written out (`+3.1 %`); `spark` are the values that led to it, oldest first.
    """

    label: str
    value: str
    definition: str
    unit: str = ""
    delta: str | None = None
    compared: str | None = None
    """What the delta is compared with, as words: `from the day before`."""
    spark: Sequence[float] | None = None
    more_is: Literal["normal", "inverse", "off"] = "normal"
    """Whether more is better (`normal`), worse (`inverse`) or neither (`off`)."""


def metric(label: str, value: float | str | None, unit: str = "", *, definition: str) -> None:
    """Show one number; a number is written with thousands separators, text as it is."""
    written = value if isinstance(value, str) else formats.number(value)
    _tile(Tile(label, written, definition, unit))


def metrics(*tiles: Tile, per_row: int = 4) -> None:
    """Show numbers beside each other; on a phone below each other."""
    for start in range(0, len(tiles), per_row):
        for column, tile in zip(st.columns(per_row), tiles[start : start + per_row], strict=False):
            with column:
                _tile(tile)


def _tile(tile: Tile) -> None:
    with st.container(border=True, height="stretch", gap=None, key=f"tile-{slug(tile.label)}"):
        definition(tile.definition, tile.label)
        st.metric(
            tile.label,
            formats.literal(tile.value),
            tile.delta,
            delta_color=tile.more_is,
            label_visibility="collapsed",
            chart_data=list(tile.spark) if tile.spark and any(tile.spark) else None,
            chart_type="area",
        )
        below = ", ".join(each for each in (tile.unit, tile.delta and tile.compared) if each)
        if below:
            note(below)


def definition(of: str, label: str = "Definition") -> None:
    """A link to where the dictionary describes `schema.table` or `schema.table.column`."""
    schema, table, *column = of.split(".")
    asked = {"table": f"{schema}.{table}"} | ({"column": column[0]} if column else {})
    # Streamlit knows a page by its path; which function draws it says the navigation.
    dictionary = st.Page(lambda: None, title="Dictionary", url_path="dictionary")
    st.page_link(
        dictionary,
        label=formats.literal(label),
        icon=":material/info:",
        icon_position="right",
        help=f"What this is: `{of}`",
        query_params=asked,
    )


def table(
    frame: pl.DataFrame,
    name: str,
    of: str,
    *,
    labels: Mapping[str, str] | None = None,
    columns: Mapping[str, "ColumnConfig"] | None = None,
) -> None:
    """Show a table that scrolls inside, with a CSV of it and the link to its definition.

    Args:
        frame: Its rows.
        name: What it is called, also as a file.
        of: The table (`schema.table`) or column that it comes from, for its definition.
        labels: Headings other than the column's name in words.
        columns: Streamlit's configuration of single columns, instead of the one by type.
    """
    if frame.is_empty():
        nothing(f"{name}: nothing in these days", "Choose more days, or fewer filters.")
        return
    shown = {each: column_config(frame, each, (labels or {}).get(each)) for each in frame.columns}
    rows = min(frame.height, TABLE_ROWS) + 1
    st.dataframe(
        _in_units(frame),
        hide_index=True,
        column_config=shown | dict(columns or {}),
        height=rows * ROW_PIXELS + 2,
        key=f"table-{slug(name)}",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        download(frame, name)
        definition(of)


def _in_units(frame: pl.DataFrame) -> pl.DataFrame:
    """Shares in percent, listening in hours: as people read them."""
    rates = [each for each in frame.columns if each.endswith(RATES)]
    listening = [each for each in frame.columns if each.endswith(LISTENING)]
    return frame.with_columns(pl.col(rates) * 100, pl.col(listening) / 3600)


def download(frame: pl.DataFrame, name: str) -> None:
    """A button that saves the frame as CSV; the file is written when it is pressed."""
    st.download_button(
        "CSV",
        data=lambda: csv_file.written(frame),
        file_name=f"{slug(name)}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help=f"{name}, {formats.number(frame.height)} rows",
        key=f"csv-{slug(name)}",
    )


def column_config(frame: pl.DataFrame, name: str, label: str | None = None) -> "ColumnConfig":
    """How a column is shown: by its type, and the unit that its name ends in."""
    types, heading, kind = st.column_config, label or in_words(name), frame.schema[name]
    if kind.is_numeric():
        return _number_column(name, heading, is_integer=kind.is_integer())
    if kind == pl.Datetime:
        return types.DatetimeColumn(f"{heading} (UTC)", format="YYYY-MM-DD HH:mm")
    if kind == pl.Date:
        return types.DateColumn(heading, format="YYYY-MM-DD")
    return types.TextColumn(heading) if kind == pl.String else types.Column(heading)


def _number_column(name: str, heading: str, *, is_integer: bool) -> "ColumnConfig":
    number = st.column_config.NumberColumn
    if name.endswith(RATES):
        return number(f"{heading} (%)", format="%.1f")
    if name.endswith(LISTENING):
        return number(heading.replace("(s)", "(h)"), format="%,.1f")
    return (
        number(heading, format="localized", step=1)
        if is_integer
        else number(heading, format="%,.1f")
    )


def chart(
    title: str, drawn: Callable[[], alt.Chart | alt.LayerChart], of: str, *, empty: bool = False
) -> None:
    """Show a chart below its title, which links to its definition; or say that it is empty.

    Args:
        title: What it shows, with the unit.
        drawn: Draws it; not called where there is nothing.
        of: The column that it shows (`schema.table.column`), for its definition.
        empty: Whether there is nothing to draw.
    """
    if empty:
        nothing(f"{title}: nothing in these days", "Choose more days, or fewer filters.")
        return
    with st.container(gap=None, key=f"chart-{slug(title)}"):
        definition(of, title)
        st.altair_chart(drawn(), width="stretch", alt=title)


def nothing(title: str, what_to_do: str) -> None:
    """What stands where there is nothing to show, and how there would be something."""
    _state(":material/inbox:", title, what_to_do)


def broken(title: str, what_to_do: str) -> None:
    """What stands where something can't be shown now."""
    _state(":material/build:", title, what_to_do)


def note(text: str) -> None:
    """A line that the reader should know, of less weight than the numbers."""
    st.caption(formats.prose(text))


def slug(name: str) -> str:
    """A name for files and keys.

    >>> slug("Top songs (week)")
    'top-songs-week'
    """
    words = "".join(each if each.isalnum() else " " for each in name.lower()).split()
    return "-".join(words)


def in_words(name: str) -> str:
    """A column's name as a heading.

    >>> in_words("qualified_plays"), in_words("listening_seconds")
    ('Qualified plays', 'Listening (s)')
    """
    if name.endswith("_seconds"):
        name = f"{name.removesuffix('_seconds')} (s)"
    return name.replace("_", " ").capitalize()


def _state(icon: str, title: str, what_to_do: str) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"{icon} **{formats.literal(title)}**")
        st.markdown(formats.prose(what_to_do))

"""The page Dictionary: every table and column with its meaning; what numbers link to."""

import polars as pl
import streamlit as st

from contracts.described import DescribedTable
from dashboard import components, formats
from dashboard.data import dictionary
from dashboard.view import View

TABLE, COLUMN, FIND = "table", "column", "find"
"""Names in the URL."""
FOUND = "found"
MEANING = st.column_config.TextColumn("Meaning", width="large")


def show(_view: View) -> None:
    """Show the page."""
    known = dictionary.tables()
    text = st.text_input(
        "Find tables, columns and meanings",
        key=FIND,
        bind="query-params",
        type="search",
        placeholder="such as skip rate, listening_seconds, or retention",
        max_chars=100,
    )
    if text and text.strip():
        _found(known, text)
    name = st.selectbox(
        "Table", list(known), key=TABLE, bind="query-params", on_change=_forget_column
    )
    _table(known, known[name])


def _found(known: dict[str, DescribedTable], text: str) -> None:
    found = dictionary.find(known.values(), text)
    if found.is_empty():
        components.nothing("Nothing is called so", "Try fewer words, or choose a table below.")
        return
    components.note(_told(found.height))
    st.dataframe(
        found,
        hide_index=True,
        column_config={"table": "Table", "column": "Column", "meaning": MEANING},
        height=min(found.height + 1, 9) * components.ROW_PIXELS + 2,
        selection_mode="single-row",
        on_select=lambda: _open(found),
        key=FOUND,
    )


def _told(count: int) -> str:
    """How much was found."""
    if count == dictionary.MOST_FOUND:
        return f"The first {formats.number(count)} entries; more words find fewer. Tick one."
    entries = "1 entry" if count == 1 else f"{formats.number(count)} entries"
    return f"{entries}. Tick one to open it."


def _forget_column() -> None:
    """Another table was chosen: the link's column is not of it."""
    st.query_params.pop(COLUMN, None)


def _open(found: pl.DataFrame) -> None:
    """Show the entry that was ticked."""
    rows = st.session_state[FOUND]["selection"]["rows"]
    if not rows:
        return
    table, column, _ = found.row(rows[0])
    st.session_state[TABLE] = table
    if column:
        st.query_params[COLUMN] = column
    else:
        st.query_params.pop(COLUMN, None)


def _table(known: dict[str, DescribedTable], table: DescribedTable) -> None:
    st.subheader(formats.literal(table.name), anchor=False)
    components.note(dictionary.LAYERS[table.layer])
    kept = f" {table.kept}" if table.kept else ""
    st.markdown(formats.literal(f"{table.description}{kept}"))
    _column(table, st.query_params.get(COLUMN, ""))
    columns = dictionary.columns_of(table)
    st.dataframe(
        columns,
        hide_index=True,
        column_config={
            name: components.in_words(name) for name in columns.columns if name != "meaning"
        }
        | {"meaning": MEANING},
        height=(columns.height + 1) * components.ROW_PIXELS + 2,
        key="columns",
    )
    components.download(columns, table.name)
    if pointed := dictionary.pointed_to(known, table):
        components.note("Keys of:")
        with st.container(horizontal=True, gap="small"):
            for each in pointed:
                components.definition(each, each)


def _column(table: DescribedTable, name: str) -> None:
    """The column that the link is about, before all others."""
    column = dictionary.column_of(table, name)
    if column is None:
        return
    about = [
        f"Type {column.type}" if column.type else "",
        column.unit,
        "may be null" if column.nullable else "",
    ]
    with st.container(border=True, key="column"):
        st.markdown(f"**{formats.literal(column.name)}**")
        st.markdown(formats.literal(column.description))
        if any(about):
            components.note(" · ".join(each for each in about if each))

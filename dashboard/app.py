"""The shell around every page: access, navigation, filters, how fresh and complete the data is."""

import secrets
from datetime import UTC, datetime

import streamlit as st

from contracts.errors import MusicFlowError
from contracts.logs import log
from dashboard import access, components, filter_bar, formats, theme
from dashboard.data.common import Completeness, choices, completeness
from dashboard.data.snapshot import SnapshotTables
from dashboard.data.tables import NotPublishedError, Tables
from dashboard.filters import Filters
from dashboard.navigation import Page, streamlit_pages
from dashboard.settings import Settings
from dashboard.view import View

LAST_PAGE = "last-page"


def run(settings: Settings) -> None:
    """Draw the page that the reader opened; what goes wrong is said calmly, and logged."""
    st.set_page_config(page_title="MusicFlow", page_icon=theme.ICON, layout="wide")
    st.html(theme.STYLE)
    try:
        _draw(settings)
    except MusicFlowError as error:
        components.broken("This can't be shown now", str(error))
    except Exception:  # noqa: BLE001  the last resort: the reader gets a line, the log the rest
        number = secrets.token_hex(4)
        log.exception("page failed", id=number)
        components.broken(
            "Something went wrong",
            f"It was logged as {number}. Reload the page; if it stays, tell who runs MusicFlow.",
        )


def _draw(settings: Settings) -> None:
    pages = streamlit_pages(lambda page: _show(page, settings))
    granted_before = not settings.password or st.session_state.get(access.GRANTED, False)
    chosen = st.navigation(
        list(pages.values()), position="sidebar" if granted_before else "hidden", expanded=True
    )
    if not access.is_granted(settings):
        return
    if not granted_before:
        st.rerun()
    chosen.run()


def _show(page: Page, settings: Settings) -> None:
    is_new_page = st.session_state.get(LAST_PAGE) != page.path
    st.session_state[LAST_PAGE] = page.path
    try:
        tables: Tables | None = tables_of(settings).newest()
    except NotPublishedError:
        tables = None
    published = _published(page, tables, is_new_page=is_new_page) if tables else None
    if published is None and page.is_of_data:
        st.title(page.title)
        components.nothing(
            "Nothing was published yet",
            "Run `make demo` for a day of data, or `make dev` for the live platform, and open "
            "this page again.",
        )
        return
    page.show(View(settings, published))


def _published(page: Page, tables: Tables, *, is_new_page: bool) -> tuple[Tables, Filters] | None:
    """The tables, and what the reader wants to see of them; None where no hour was built."""
    offered = choices(tables)
    if offered is None:
        return None
    if not page.is_of_data:
        st.title(page.title)
        return tables, offered.default()
    filters, notes = filter_bar.show(offered, is_new_page=is_new_page)
    _head(page, tables, filters)
    for note in notes:
        st.info(formats.literal(note), icon=":material/link_off:")
    return tables, filters


def _head(page: Page, tables: Tables, filters: Filters) -> None:
    """The title, and what the reader has to know to trust what follows."""
    st.title(page.title)
    state = completeness(tables, filters)
    with st.container(horizontal=True, gap="small", key="freshness", vertical_alignment="center"):
        st.badge(f"As of {formats.moment(state.as_of)}", icon=":material/schedule:", color="gray")
        _complete_badge(state)
        published_at = tables.publication.published_at
        ago = formats.ago(published_at, datetime.now(UTC))
        st.badge(f"Published {ago}", icon=":material/publish:", color="gray")
    unused = [name for name in filters.chosen() if name not in page.applies]
    if unused:
        components.note(f"Not applied on this page: {', '.join(unused)}.")


def _complete_badge(state: Completeness) -> None:
    of = f"{formats.number(state.built)} of {formats.number(state.hours)} hours complete"
    if state.is_complete:
        st.badge(of, icon=":material/check:", color="green")
    else:
        st.badge(of, icon=":material/hourglass_empty:", color="orange")


@st.cache_resource
def tables_of(_settings: Settings) -> SnapshotTables:
    """The published tables, opened once per process."""
    return SnapshotTables(_settings.snapshot)

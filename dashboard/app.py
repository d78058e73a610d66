"""The shell around every page: access, navigation, filters, how fresh and complete the data is."""

from datetime import UTC, datetime
from functools import cache
from typing import Protocol

import streamlit as st

from contracts.errors import LakeError
from dashboard import access, components, filter_bar, formats, theme
from dashboard.data.common import Completeness, choices, completeness
from dashboard.data.snapshot import SnapshotTables
from dashboard.data.tables import NotPublishedError, Tables
from dashboard.filters import Choices, Filters
from dashboard.guard import guarded
from dashboard.navigation import Page, streamlit_pages
from dashboard.settings import Settings
from dashboard.view import View

LAST_PAGE = "last-page"


class Publications(Protocol):
    """Where publications are found."""

    def newest(self) -> Tables:
        """The newest publication, for one page view."""
        ...


def run(settings: Settings) -> None:
    """Draw the page that the reader opened; what goes wrong is said calmly, and logged."""
    st.set_page_config(page_title="MusicFlow", page_icon=theme.ICON, layout="wide")
    st.html(theme.STYLE)
    st.logo(theme.LOGO, size="large")
    with guarded():
        _draw(settings)


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
    st.title(page.title)
    tables = _newest(page, settings)
    offered = choices(tables) if tables else None
    if tables and offered:
        filters = _filters(page, tables, offered, is_new_page=is_new_page)
        page.show(View(settings, (tables, filters)))
    elif page.works_unpublished:
        page.show(View(settings, None))
    else:
        components.nothing(
            "No hour was built yet" if tables else "Nothing was published yet",
            "Run `make demo` for a day of data, or `make dev` for the live platform; this page "
            "then shows it.",
        )


def _newest(page: Page, settings: Settings) -> Tables | None:
    """The newest publication, if there is one.

    Raises:
        LakeError: Its record cannot be read, and the page can't do without.
    """
    try:
        return tables_of(settings).newest()
    except NotPublishedError:
        return None
    except LakeError as error:
        if not page.works_unpublished:
            raise
        components.broken("The published tables can't be read", str(error))
        return None


def _filters(page: Page, tables: Tables, offered: Choices, *, is_new_page: bool) -> Filters:
    """What the reader wants to see; below it, what they have to know to trust what follows."""
    if not page.is_of_data:
        return offered.default()
    chosen, notes = filter_bar.show(offered, page.applies, is_new_page=is_new_page)
    filters = chosen.only(page.applies)
    _freshness(tables, filters)
    unused = [name for name in chosen.chosen() if name not in page.applies]
    if unused:
        components.note(f"Not applied on this page: {', '.join(unused)}.")
    for note in notes:
        st.info(formats.prose(note), icon=":material/link_off:")
    return filters


def _freshness(tables: Tables, filters: Filters) -> None:
    state = completeness(tables, filters)
    ago = formats.ago(tables.publication.published_at, datetime.now(UTC))
    with st.container(horizontal=True, gap="small", key="freshness", vertical_alignment="center"):
        st.badge(f"As of {formats.moment(state.as_of)}", icon=":material/schedule:", color="gray")
        _complete_badge(state)
        st.badge(f"Published {ago}", icon=":material/publish:", color="gray")


def _complete_badge(state: Completeness) -> None:
    of = f"{formats.number(state.built)} of {formats.number(state.hours)} hours complete"
    if state.is_complete:
        st.badge(of, icon=":material/check:", color="green")
    else:
        st.badge(of, icon=":material/hourglass_empty:", color="orange")


@cache
def tables_of(settings: Settings) -> Publications:
    """The published tables, opened once per process: a snapshot, or BigQuery's marts."""
    if settings.target == "gcp":
        from dashboard.data.bigquery import BigQueryMarts, Place  # noqa: PLC0415  slow, and an extra

        return BigQueryMarts(Place.read())
    return SnapshotTables(settings.snapshot)

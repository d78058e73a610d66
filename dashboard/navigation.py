"""The pages, and which filters each can apply."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.pages import (
    activity,
    audience,
    charts,
    conversion,
    data_health,
    dictionary,
    live,
    overview,
)
from dashboard.view import View

if TYPE_CHECKING:
    from streamlit.navigation.page import Page as StreamlitPage


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its path in the URL, its title, and how it shows itself."""

    path: str
    title: str
    icon: str
    show: Callable[[View], None]
    applies: tuple[str, ...] = ()
    """The filters, by their names in the URL, that it can apply; `days` is the range of days."""

    works_unpublished: bool = False
    """Whether it has something to show before anything was published."""

    @property
    def is_of_data(self) -> bool:
        """Whether it shows published data, of days that the reader chooses."""
        return "days" in self.applies


LISTENING = ("days", "state", "plan", "device")

PAGES = (
    Page("overview", "Overview", ":material/dashboard:", overview.show, LISTENING),
    Page("charts", "Charts", ":material/music_note:", charts.show, LISTENING),
    Page(
        "audience", "Audience", ":material/groups:", audience.show,
        ("days", "state", "country", "plan", "device"),
    ),
    Page("activity", "Activity", ":material/schedule:", activity.show, LISTENING),
    Page("live", "Live", ":material/sensors:", live.show, works_unpublished=True),
    Page("conversion", "Conversion", ":material/swap_horiz:", conversion.show, ("days",)),
    Page(
        "health", "Data health", ":material/health_and_safety:", data_health.show, ("days",),
        works_unpublished=True,
    ),
    Page(
        "dictionary", "Dictionary", ":material/menu_book:", dictionary.show,
        works_unpublished=True,
    ),
)  # fmt: skip


def streamlit_pages(show: Callable[[Page], None]) -> dict[str, "StreamlitPage"]:
    """Streamlit's pages by path; each calls `show` with the page that was opened."""
    return {page.path: _streamlit_page(page, show) for page in PAGES}


def _streamlit_page(page: Page, show: Callable[[Page], None]) -> "StreamlitPage":
    return st.Page(
        partial(show, page),
        title=page.title,
        icon=page.icon,
        url_path=page.path,
        default=page is PAGES[0],
    )

"""Somebody who looks at the dashboard, and notices whatever a page should not do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Route, expect

from dashboard.components import slug
from tests.dashboard.browser.hostile import MARK

PATIENCE_MS = 60_000
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PROBED = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")
"""What Streamlit's page looks for below its own path first, and does not find."""


@dataclass
class Visitor:
    """A browser's page on a dashboard, and what happened in it that must not."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note errors, dialogs, and whatever is asked of another host than this one."""
        expect.set_options(timeout=PATIENCE_MS)
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.context.route("**/*", self._let_through_to_us)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("websocket", lambda socket: self._note_foreign(socket.url))
        self.page.on("dialog", self._note_dialog)

    def open(self, path: str = "", **parameters: str | list[str]) -> None:
        """Open a page of the dashboard, and wait until it stands."""
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        self.page.goto(f"{self.address}/{path}{query}", wait_until="domcontentloaded")
        self.settle()

    def settle(self) -> None:
        """Wait until the page is complete: its script ran to the end."""
        expect(self.app).to_have_attribute(
            "data-test-connection-state", "CONNECTED", timeout=PATIENCE_MS
        )
        expect(self.main.get_by_test_id("stElementContainer").first).to_be_attached()
        expect(self.app).to_have_attribute(
            "data-test-script-state", "notRunning", timeout=PATIENCE_MS
        )
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)

    @property
    def app(self) -> Locator:
        """All of the page."""
        return self.page.get_by_test_id("stApp")

    @property
    def main(self) -> Locator:
        """The page without its navigation."""
        return self.page.get_by_test_id("stMain")

    def number(self, label: str) -> Locator:
        """The number with this name, as it is written."""
        return self.page.locator(f".st-key-tile-{slug(label)}").get_by_test_id("stMetricValue")

    def link(self, label: str) -> Locator:
        """The link from the number with this name to its definition."""
        return self.page.locator(f".st-key-tile-{slug(label)}").get_by_role("link")

    def choose(self, name: str, *values: str) -> None:
        """Choose values of the filter with this name in the URL."""
        for value in values:
            self.page.locator(f".st-key-filter-{name} input").click()
            self.page.get_by_role("option", name=value, exact=True).click()
            self.page.keyboard.press("Escape")
            expect(self.page.locator(f".st-key-filter-{name}")).to_contain_text(value)

    def csv(self, table: str) -> bytes:
        """What the button saves that stands below the table with this name."""
        with self.page.expect_download() as download:
            self.page.locator(f".st-key-csv-{slug(table)}").get_by_role("button").first.click()
        return download.value.path().read_bytes()

    def cells(self) -> Locator:
        """The cells of all tables that are in sight, with their texts."""
        return self.main.locator("[data-testid=stDataFrame] td[role=gridcell]")

    def check(self) -> None:
        """Fail if anything happened that must not."""
        assert not self.complaints, self.complaints
        assert self.page.evaluate(f"typeof {MARK}") == "undefined", "a name of the data ran"

    def sees_no_failure(self) -> None:
        """Check that the page shows no exception and no box that tells of an error."""
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        for words in ("Something went wrong", "This can't be shown now", "Traceback"):
            expect(self.main).not_to_contain_text(words)
        expect(self.page.get_by_test_id("stAlertContentError")).to_have_count(0)

    def sees_no_markup_of_names(self) -> None:
        """Check that no name of the data became a part of the page's markup."""
        made = "script, img[src=x], img[src*='198.51'], a[href^='javascript'], .katex, [onerror]"
        expect(self.main.locator(made)).to_have_count(0)

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return self.page.evaluate(
            """() => Math.max(
                document.documentElement.scrollWidth - document.documentElement.clientWidth,
                ...[...document.querySelectorAll(
                    '[data-testid=stMain], [data-testid=stMainBlockContainer]')]
                    .map(each => each.scrollWidth - each.clientWidth))"""
        )

    def _let_through_to_us(self, route: Route) -> None:
        if self._note_foreign(route.request.url):
            route.abort()
        else:
            route.continue_()

    def _note_foreign(self, url: str) -> bool:
        split = urlsplit(url)
        if (
            split.scheme in {"data", "blob", "about"}
            or split.netloc == urlsplit(self.address).netloc
        ):
            return False
        self.complaints.append(f"asked {url}")
        return True

    def _note_console(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not PROBED.search(said.location["url"]):
            self.complaints.append(f"console: {said.text} ({said.location['url']})")

    def _note_dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def visiting(browser: Browser, address: str, **options: Any) -> Iterator[Visitor]:
    """A visitor with a fresh browser profile, who in the end must not have complaints."""
    context = browser.new_context(**({"viewport": DESKTOP} | options))
    try:
        visitor = Visitor(context.new_page(), address)
        visitor.watch()
        yield visitor
        visitor.check()
    finally:
        context.close()

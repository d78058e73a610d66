"""Who may look: those with the password, or those whom a proxy names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser.server import dashboard
from tests.dashboard.browser.visitor import visiting

pytestmark = pytest.mark.integration

PASSWORD = "correct horse <b>battery</b>"  # pragma: allowlist secret


@pytest.fixture(scope="module")
def guarded(listened: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("guarded") / "log"
    with dashboard(listened, log, MUSICFLOW_DASHBOARD_PASSWORD=PASSWORD) as address:
        yield address
        assert PASSWORD not in log.read_text()


@pytest.fixture(scope="module")
def behind_a_proxy(listened: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("proxied") / "log"
    with dashboard(listened, log, MUSICFLOW_DASHBOARD_USER_HEADER="X-Forwarded-User") as address:
        yield address


def test_nothing_is_shown_before_the_password_was_given(browser: Browser, guarded: str):
    with visiting(browser, guarded) as visitor:
        visitor.open("charts")
        field = visitor.page.get_by_label("Password", exact=True)

        field.fill("a wrong one")
        field.press("Enter")
        expect(visitor.main).to_contain_text("That is not the password.")
        expect(visitor.cells()).to_have_count(0)
        expect(visitor.main.get_by_role("heading", name="Charts")).to_have_count(0)

        field.fill(PASSWORD)
        field.press("Enter")
        expect(visitor.main.get_by_role("heading", name="Charts", exact=True)).to_be_visible()
        visitor.settle()
        visitor.sees_no_failure()


def test_a_proxy_says_who_is_looking(browser: Browser, behind_a_proxy: str):
    known = {"X-Forwarded-User": "ada@example.org"}
    with visiting(browser, behind_a_proxy, extra_http_headers=known) as visitor:
        visitor.open("charts")
        expect(visitor.main.get_by_role("heading", name="Charts", exact=True)).to_be_visible()

    with visiting(browser, behind_a_proxy) as stranger:
        stranger.open("charts")
        expect(stranger.main).to_contain_text("for people who have signed in")
        expect(stranger.cells()).to_have_count(0)

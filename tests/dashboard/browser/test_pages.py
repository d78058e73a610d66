"""Every page, as people see it: on a desk and on a phone, by day and by night."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser.visitor import DESKTOP, PHONE
from tests.dashboard.conftest import Visit

pytestmark = pytest.mark.integration

PAGES = {
    "": "Overview",
    "charts": "Charts",
    "audience": "Audience",
    "activity": "Activity",
    "live": "Live",
    "conversion": "Conversion",
    "health": "Data health",
    "dictionary": "Dictionary",
}
AT_A_DESK = {"viewport": DESKTOP, "color_scheme": "light"}
ON_A_PHONE = {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}


@pytest.mark.parametrize(
    "how", [pytest.param(AT_A_DESK, id="at a desk"), pytest.param(ON_A_PHONE, id="on a phone")]
)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_stands_complete_and_within_its_window(visit: Visit, path: str, how: dict[str, Any]):
    """Nothing is fetched from elsewhere, no name of the data runs, the console says no error."""
    with visit(**how) as visitor:
        visitor.open(path)

        expect(visitor.main.get_by_role("heading", name=PAGES[path], exact=True)).to_be_visible()
        visitor.sees_no_failure()
        visitor.sees_no_markup_of_names()
        assert visitor.overflow() == 0


def test_the_pages_are_dark_where_the_reader_likes_it_dark(visit: Visit):
    backgrounds = []
    for scheme in ("light", "dark"):
        with visit(color_scheme=scheme) as visitor:
            visitor.open()
            backgrounds.append(
                visitor.app.evaluate(
                    "each => getComputedStyle(each).backgroundColor.match(/\\d+/g).map(Number)"
                )
            )

    light, dark = (sum(color[:3]) for color in backgrounds)
    assert light > 600
    assert dark < 200


def test_every_page_is_reached_through_the_navigation(visit: Visit):
    with visit() as visitor:
        visitor.open()
        for title in PAGES.values():
            visitor.page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
            expect(visitor.main.get_by_role("heading", name=title, exact=True)).to_be_visible()
        visitor.settle()
        visitor.sees_no_failure()

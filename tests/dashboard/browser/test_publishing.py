"""A publish while somebody looks is picked up, and breaks nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser.server import dashboard
from tests.dashboard.browser.snapshots import published_again
from tests.dashboard.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.integration

MORE = "update reporting.rpt_streams_by_hour set streams = streams + 1000"


@pytest.fixture
def own(listened_copy: Path, browser: Browser) -> Iterator[tuple[Path, Visitor]]:
    """A work folder of its own, and somebody who looks at what was published there."""
    with (
        dashboard(listened_copy, listened_copy / "log") as address,
        visiting(browser, address) as visitor,
    ):
        yield listened_copy, visitor


def test_a_publish_is_seen_and_pages_that_stood_open_over_many_go_on(own):
    """The files of two publishes stand, and no more: those of the open page are gone by then."""
    home, visitor = own
    visitor.open()
    before = in_total(visitor)
    for _ in range(3):
        published_again(home, MORE)
    visitor.choose("plan", "paid")
    visitor.settle()
    visitor.sees_no_failure()
    expect(visitor.number("Streams today")).to_be_visible()

    visitor.open()
    assert in_total(visitor) > before
    visitor.sees_no_failure()


def in_total(visitor: Visitor) -> int:
    visitor.settle()
    return int(visitor.number("Streams in total").inner_text().replace(",", ""))

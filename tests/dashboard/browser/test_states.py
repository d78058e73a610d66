"""What stands on the pages where there is nothing to show, or where something is broken."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser import snapshots
from tests.dashboard.browser.server import dashboard
from tests.dashboard.browser.test_pages import PAGES
from tests.dashboard.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.integration

OF_DATA = ("", "charts", "audience", "activity", "conversion")
"""Pages that show nothing but what was published; Data health tells of landing too."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """An empty work folder, and the address of a dashboard that shows it."""
    home = tmp_path_factory.mktemp("stage")
    with dashboard(home, home / "log", MUSICFLOW_LAKE="", POSTGRES_URL="") as address:
        yield home, address


@pytest.fixture
def staged(
    stage: tuple[Path, str], browser: Browser, listened: Path
) -> Iterator[tuple[Callable[..., None], Visitor]]:
    """What puts a snapshot on the stage, changed in some way; and who looks at it."""
    home, address = stage
    snapshot = home / "snapshot"

    def put(*changes: Callable[[Path], None]) -> None:
        shutil.rmtree(snapshot, ignore_errors=True)
        shutil.copytree(listened / "snapshot", snapshot)
        snapshots.of_another_warehouse(snapshot)
        for change in changes:
            change(snapshot)

    shutil.rmtree(snapshot, ignore_errors=True)
    with visiting(browser, address) as visitor:
        yield put, visitor


def says(visitor: Visitor, path: str, text: str) -> None:
    """Check what a page says, and that it says it calmly."""
    visitor.open(path)
    expect(visitor.main).to_contain_text(text)
    visitor.sees_no_failure()


def test_where_nothing_was_published_each_page_says_what_to_run(staged):
    _, visitor = staged
    for path in OF_DATA:
        says(visitor, path, "Nothing was published yet")
        expect(visitor.main).to_contain_text("make demo")
    says(visitor, "health", "No hour was published yet")


def test_tables_without_rows_are_no_failure(staged):
    put, visitor = staged
    put(snapshots.without_rows)
    for path in PAGES:
        visitor.open(path)
        visitor.sees_no_failure()
        assert_says_nothing_of_the_inside(visitor)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(snapshots.truncate, id="files cut to half"),
        pytest.param(snapshots.lose_files, id="files removed"),
        pytest.param(snapshots.garble, id="an unreadable pointer"),
    ],
)
def test_a_damaged_snapshot_is_said_calmly_and_a_sound_one_heals_the_page(staged, damage):
    put, visitor = staged
    put(damage)
    for path in ("", "charts", "health"):
        visitor.open(path)
        expect(visitor.main).to_contain_text(re.compile("can't be (shown|read)"))
        expect(visitor.main).to_contain_text("remove")
        assert_says_nothing_of_the_inside(visitor)

    put()
    visitor.open("charts")
    expect(visitor.main.get_by_role("heading", name="Charts", exact=True)).to_be_visible()
    visitor.sees_no_failure()


def test_the_live_page_says_how_it_is_switched_on(staged):
    put, visitor = staged
    put()
    says(visitor, "live", "POSTGRES_URL")


def assert_says_nothing_of_the_inside(visitor: Visitor) -> None:
    """No stack trace, no class of an error, no statement."""
    shown = visitor.main.inner_text()
    for inside in ("Traceback", "Error:", "duckdb.", "select ", "read_parquet", 'File "'):
        assert inside not in shown

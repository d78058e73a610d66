"""Every page shows itself, and each number of it links to what the dictionary describes."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import components
from dashboard.data.common import choices
from dashboard.data.dictionary import has, tables
from dashboard.data.snapshot import SnapshotTables
from dashboard.navigation import PAGES, Page
from dashboard.settings import Settings
from dashboard.view import View

pytestmark = pytest.mark.integration
PATIENCE_SECONDS = 120


@pytest.fixture
def view(listened: Path, monkeypatch: pytest.MonkeyPatch) -> View:
    """Four days of listeners, without a Postgres."""
    for name in ("POSTGRES_URL", "MUSICFLOW_LAKE", "MUSICFLOW_SNAPSHOT"):
        monkeypatch.delenv(name, raising=False)
    published = SnapshotTables(listened / "snapshot").newest()
    offered = choices(published)
    assert offered is not None
    return View(Settings(home=listened), (published, offered.default()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_all_that_a_page_shows_is_defined(page: Page, view: View, monkeypatch: pytest.MonkeyPatch):
    def script(page, view):
        page.show(view)

    named: list[str] = []
    monkeypatch.setattr(components, "definition", lambda of, *_: named.append(of))
    app = AppTest.from_function(script, args=(page, view), default_timeout=PATIENCE_SECONDS).run()

    assert not app.exception
    assert named or page.path in {"dictionary", "live"}
    assert [of for of in named if not has(tables(), of)] == []

"""A warehouse to look at, built and published once for a run of the tests, and who looks at it."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from contracts.errors import ConfigurationError
from local.chromium import arguments, chromium
from tests.dashboard.browser.listeners import listeners
from tests.dashboard.browser.server import dashboard
from tests.dashboard.browser.snapshots import built
from tests.dashboard.browser.visitor import Visitor, visiting

Visit = Callable[..., AbstractContextManager[Visitor]]


@pytest.fixture(scope="session")
def listened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with four days of listeners, hostile names among theirs. Not to be changed."""
    base = tmp_path_factory.getbasetemp()
    # Where tests run in several processes, one of them builds for all.
    shared = base.parent if base.name.startswith("popen-") else base
    home, done = shared / "listened", shared / "listened.done"
    with (shared / "listened.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            built(home, listeners(shared / "listeners"))
            done.touch()
    return home


@pytest.fixture
def listened_copy(listened: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(listened, tmp_path / "listened")


@pytest.fixture(scope="session")
def shown(listened: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard that shows it."""
    with dashboard(listened, tmp_path_factory.mktemp("dashboard") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser; not for the whole run, since Playwright holds the thread's event loop."""
    try:
        program = chromium()
    except ConfigurationError as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments())
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, shown: str) -> Visit:
    """Starts a visit of the dashboard that shows the four days."""
    return partial(visiting, browser, shown)


@pytest.fixture
def visitor(visit: Visit) -> Iterator[Visitor]:
    """Somebody with a fresh browser on the dashboard that shows the four days."""
    with visit() as visitor:
        yield visitor

"""Pictures of the running dashboard for the docs: light, small, and made by one command."""

import io
import os
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.error import URLError

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contracts.errors import UnavailableError
from contracts.publication import POINTER
from local import processes
from local.chromium import arguments, chromium
from local.dashboard import command, last_published, with_postgres, workspace_of

PATIENCE_MS = 60_000
START_SECONDS = 60
WIDTH = 1280
COLORS = 256
"""Of a picture's palette: pages have few, and so a picture has a third of the size."""
DRAWN_MS = 1500
"""How long charts may still move after all is there."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page to take a picture of: its path and parameters, and how it is looked at."""

    name: str
    path: str
    height: int
    scheme: Literal["light", "dark"] = "light"
    width: int = WIDTH


PICTURES = (
    Picture("overview", "", 1080),
    Picture("charts", "charts", 1240),
    Picture("audience", "audience", 1240),
    Picture("activity", "activity", 1240),
    Picture("live", "live", 1000),
    Picture("conversion", "conversion", 1000),
    Picture("health", "health", 1240),
    Picture("dictionary", "dictionary?table=reporting.rpt_sessions", 900),
    Picture("dark", "activity", 860, scheme="dark"),
    Picture("phone", "", 844, width=390),
)


def take(home: Path, run: str | None, target: Path) -> list[Path]:
    """Write `dashboard-<page>.png` of each page to the folder `target`.

    Args:
        home: The work folder.
        run: Whose tables: the `demo`'s or those of `dev`; None: what was published last.
        target: Where to.

    Raises:
        UnavailableError: Nothing was published yet, or the dashboard does not start.
        ConfigurationError: There is no browser.
    """
    workspace = workspace_of(home, run or last_published(home))
    if not (workspace.snapshot / POINTER).exists():
        raise UnavailableError(f"nothing was published in {workspace.snapshot}: `make demo` first")
    target.mkdir(parents=True, exist_ok=True)
    program = chromium()
    environment = {**workspace.settings(), **os.environ}
    log = workspace.log("screenshots")
    with (
        with_postgres(workspace, environment) as complete,
        served(complete, log) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=arguments())
        return [_take(browser, address, picture, target) for picture in PICTURES]


@contextmanager
def served(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """The address of a dashboard that runs for the length of a `with` block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    variables = {**environment, "MUSICFLOW_DASHBOARD_PORT": str(port)}
    with processes.running(command(), variables, log) as process:
        processes.wait_until(lambda: _answers(address), process, log, START_SECONDS)
        yield address


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):  # nosec B310  # noqa: S310  our own
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


def _take(browser: Browser, address: str, picture: Picture, target: Path) -> Path:
    page = browser.new_page(
        viewport={"width": picture.width, "height": picture.height}, color_scheme=picture.scheme
    )
    page.goto(f"{address}/{picture.path}")
    _settle(page)
    path = target / f"dashboard-{picture.name}.png"
    small(Image.open(io.BytesIO(page.screenshot()))).save(path, optimize=True)
    page.close()
    return path


def small(picture: Image.Image) -> Image.Image:
    """The picture with a palette of its most frequent colours, which stay exactly as they are."""
    pixels = np.asarray(picture.convert("RGB"), dtype=np.int32)
    found, where, counts = np.unique(
        pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    palette = found[np.argsort(-counts)[:COLORS]]
    nearest = np.abs(found[:, None] - palette).sum(axis=2).argmin(axis=1)
    indexed = nearest[where.reshape(-1)].astype(np.uint8).reshape(pixels.shape[:2])
    result = Image.fromarray(indexed, mode="P")
    result.putpalette(palette.astype(np.uint8).tobytes())
    return result


def _settle(page: Page) -> None:
    """Wait until the page is complete and its charts are drawn."""
    expect.set_options(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    for _ in range(2):  # a chart may show its place only after it was asked for
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        page.wait_for_timeout(DRAWN_MS)

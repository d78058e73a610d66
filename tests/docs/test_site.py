"""The site of the docs: whole, and readable without any other host."""

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from local.chromium import arguments, chromium
from tests.docs.site import dead_links, read_site

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 60_000

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: a warning is an error."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    built = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where a web server shows the site."""
    handler = functools.partial(Silent, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


def test_every_link_and_anchor_of_the_site_leads_somewhere(site):
    assert list(dead_links(site, read_site(site))) == []


def test_no_page_loads_anything_from_another_host(site):
    foreign = [
        (path, each)
        for path, page in read_site(site).items()
        for each in page.loaded
        if urlsplit(each).netloc
    ]
    assert foreign == []


def test_commands_tell_their_options(site):
    page = (site / "reference" / "commands.html").read_text()

    for said in ("--fail-on-skip", "Sentinel"):
        assert said not in page
    for said in ("--resume", "replay-rejects", "--nusers", "--topics-only"):
        assert said in page


def test_the_contracts_are_described(site):
    anchors = read_site(site)[Path("reference/contracts.html")].anchors

    assert {"contracts.events.Event", "contracts.manifests.Manifest"} <= anchors


def test_the_search_finds_words_without_another_host(address):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments())
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.goto(f"{address}/index.html")
        # The page's script says so when it listens, to keys; what is typed before is lost.
        page.wait_for_function("window.component$ !== undefined")
        page.get_by_role("textbox", name="Search").first.press_sequentially(
            "conflicting duplicates"
        )
        expect(page.locator(".md-search-result__item").first).to_be_visible()
        browser.close()

    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []

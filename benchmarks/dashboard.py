"""How fast the dashboard is: `python -m benchmarks.dashboard [PART ...]`, one JSON object a line.

On published marts of 100 M streams' size, made for it (`made_marts`):

- `queries`: each page's script by itself, without a browser, and which of its queries take longest.
- `browser`: the real dashboard in Chromium, server and browser warm: from opening a page, in a
  session of its own, until all of it stands; and from one more filter until it stands again.
- `backfill`: the same while another process publishes again and again.

Each time asks for a state that was not asked for before, so that no answer is kept from before.
Bars: a page stands within 2 s, after a changed filter within 1 s. The server's CPU-seconds stand
beside them, which tell more on a machine that does other things too.
"""

import argparse
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from playwright.sync_api import BrowserContext, Page, sync_playwright
from streamlit.testing.v1 import AppTest

from benchmarks.made_marts import QUICK, MadeMarts, MartSizes
from benchmarks.processes import cpu_seconds_of
from contracts.logs import configure_logs
from dashboard import navigation
from dashboard.data.common import choices, completeness
from dashboard.data.snapshot import PageTables, SnapshotTables
from dashboard.settings import Settings
from dashboard.view import View
from local.chromium import arguments, chromium

PAGES = ("", "charts", "audience", "activity", "conversion", "health")
"""Their paths; Overview has none."""
FIRST_PAINT, CHANGE = 2.0, 1.0
"""Bars, seconds."""
PATIENCE_MS = 120_000
SCRIPT_HAS_ENDED = """
    () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
"""
"""Asked at each frame of the browser: what Playwright expects it looks for ever more seldom."""
PUBLISH_EVERY = 2.0
SLOWEST = 3
"""So many queries of a page are told."""


def say(metric: str, times: list[float], bar: float | None = None, **more: Any) -> None:
    """The median of some times and the longest, as one line of JSON."""
    median = statistics.median(times)
    figure: dict[str, object] = {
        "benchmark": "dashboard", "metric": metric, "value": round(median, 3), "unit": "s",
        "max": round(max(times), 3), "times": len(times),
    }  # fmt: skip
    if bar is not None:
        figure |= {"bar": bar, "kept": median <= bar}
    print(json.dumps(figure | more), flush=True)


@dataclass
class States:
    """Names of states, each of them once, and then again."""

    count: int
    taken: int = 0

    def next(self) -> str:
        """Another one."""
        self.taken += 1
        return f"S{self.taken % self.count:02}"


def queries(marts: MadeMarts, states: States, rounds: int) -> None:
    """Each page's script without a browser, and its slowest queries."""
    asked: dict[str, list[float]] = {}
    rows = PageTables.rows

    def timed(tables: PageTables, query: str, **parameters: Any) -> Any:
        began = time.perf_counter()
        found = rows(tables, query, **parameters)
        asked.setdefault(" ".join(query.split()), []).append(time.perf_counter() - began)
        return found

    snapshot = SnapshotTables(marts.root)
    with patch.object(PageTables, "rows", timed):
        for path in PAGES:
            _run_page(path, snapshot, states.next())
            asked.clear()
            times = [_run_page(path, snapshot, states.next()) for _ in range(rounds)]
            say("script", times, page=_name(path))
            slowest = sorted(asked.items(), key=lambda each: -statistics.median(each[1]))
            for query, of_query in slowest[:SLOWEST]:
                say("query", of_query, page=_name(path), query=query[:200])


def _run_page(path: str, snapshot: SnapshotTables, state: str) -> float:
    """The seconds of a page and of what the shell asks for it."""
    [page] = [each for each in navigation.PAGES if each.path == _name(path)]
    began = time.perf_counter()
    tables = snapshot.newest()
    offered = choices(tables)
    assert offered is not None
    filters = replace(offered.default(), states=(state,))
    completeness(tables, filters)
    view = View(Settings.read(), (tables, filters))
    app = AppTest.from_function(_show, default_timeout=PATIENCE_MS / 1000, args=(page.show, view))
    app.run()
    took = time.perf_counter() - began
    if app.exception:
        raise RuntimeError(f"{page.title}: {app.exception[0].message}")
    return took


def _show(show: "Callable[[View], None]", view: "View") -> None:
    """What Streamlit runs, from its text: no name of this module is known there."""
    show(view)


def browser(marts: MadeMarts, states: States, rounds: int, condition: str = "idle") -> None:
    """Opening pages and changing filters in Chromium."""
    with served(marts.root) as (address, server), sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=arguments())
        visitor = chrome.new_context(viewport={"width": 1280, "height": 900})
        for path in PAGES:
            opened(visitor, f"{address}/{path}", states)  # the server's and the browser's first
            before = cpu_seconds_of(server)
            found = [opened(visitor, f"{address}/{path}", states) for _ in range(rounds)]
            cpu = round((cpu_seconds_of(server) - before) / rounds, 3)
            more: dict[str, Any] = {"page": _name(path), "condition": condition}
            say("first_paint", [each[0] for each in found], FIRST_PAINT, **more)
            say("filter_change", [each[1] for each in found], CHANGE, **more)
            say("server_cpu_of_both", [cpu], **more)
        chrome.close()


def opened(visitor: BrowserContext, address: str, states: States) -> tuple[float, float]:
    """The seconds until a page stands in a session of its own, and after one more filter."""
    page = visitor.new_page()
    page.set_default_timeout(PATIENCE_MS)
    began = time.perf_counter()
    page.goto(f"{address}?state={states.next()}", wait_until="commit")
    _wait_until_it_stands(page)
    first_paint = time.perf_counter() - began
    change = _changed(page, states.next())
    page.close()
    return first_paint, change


def _changed(page: Page, state: str) -> float:
    """The seconds from one more state, or other days, until the page stands again."""
    chosen, asked = page.get_by_role("button", name="7 days"), "**first=*"
    by_state = page.get_by_role("combobox", name="State")
    if by_state.count():
        by_state.fill(state)
        chosen, asked = page.get_by_role("option", name=state, exact=True), f"**state={state}*"
        chosen.wait_for()
    began = time.perf_counter()
    chosen.click()
    page.wait_for_url(asked)
    page.wait_for_function(SCRIPT_HAS_ENDED)
    return time.perf_counter() - began


def _wait_until_it_stands(page: Page) -> None:
    """Numbers, a chart or a table is seen, and the script has come to its end."""
    shown = page.locator(
        '[data-testid="stMain"] :is([data-testid="stMetric"], [data-testid="stVegaLiteChart"],'
        ' [data-testid="stDataFrame"], [data-testid="stTable"])'
    )
    shown.first.wait_for()
    page.wait_for_function(SCRIPT_HAS_ENDED)


def backfill(marts: MadeMarts, states: States, rounds: int) -> None:
    """The browser's times while another process publishes again and again."""
    spawn = multiprocessing.get_context("spawn")
    publisher = spawn.Process(target=_publish_for_ever, args=(marts,), daemon=True)
    publisher.start()
    try:
        browser(marts, states, rounds, condition="while a backfill publishes")
    finally:
        publisher.terminate()
        publisher.join()


def _publish_for_ever(marts: MadeMarts) -> None:
    while True:
        marts.publish_again()
        time.sleep(PUBLISH_EVERY)


@contextmanager
def served(snapshot: Path) -> Iterator[tuple[str, int]]:
    """The address of a dashboard on this snapshot, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {"MUSICFLOW_SNAPSHOT": str(snapshot), "MUSICFLOW_DASHBOARD_PORT": str(port)}
    server = subprocess.Popen(
        [sys.executable, "-m", "dashboard"], env=os.environ | variables, stdout=sys.stderr
    )
    try:
        until = time.monotonic() + PATIENCE_MS / 1000
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the dashboard does not start")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", port)) == 0


def _name(path: str) -> str:
    return path or "overview"


PARTS: dict[str, Callable[[MadeMarts, States, int], None]] = {
    "queries": queries,
    "browser": browser,
    "backfill": backfill,
}


@contextmanager
def took(metric: str, **more: Any) -> Iterator[None]:
    """Tell how long the block took."""
    began = time.perf_counter()
    yield
    say(metric, [time.perf_counter() - began], **more)


def main() -> None:
    """Make the marts, and measure the parts that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="[default: all]")
    parser.add_argument("--quick", action="store_true", help="small marts: does it work at all")
    parser.add_argument("--rounds", type=int, default=5, help="times of each [default: 5]")
    parser.add_argument("--folder", type=Path, help="where to work [default: a temporary one]")
    parser.add_argument("--marts", type=Path, help="marts to keep: made there if they are not yet")
    options = parser.parse_args()
    configure_logs()
    sizes = QUICK if options.quick else MartSizes()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        marts = MadeMarts(options.marts or Path(folder), sizes)
        with took("marts_made", streams=sizes.streams):
            marts.open_or_publish()
        for name in options.parts or PARTS:
            PARTS[name](marts, States(sizes.states), options.rounds)


if __name__ == "__main__":
    main()

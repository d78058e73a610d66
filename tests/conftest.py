"""What all tests share: the real data beside the checkout, which tests run, the rule on skips."""

import os
from pathlib import Path

import pytest

pytest_plugins = [
    "tests.fixtures_bigquery",
    "tests.fixtures_buckets",
    "tests.fixtures_kafka",
    "tests.fixtures_postgres",
    "tests.fixtures_spark",
]

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
TEST_PROJECT = "MUSICFLOW_TEST_PROJECT"
"""The variable that names a project of Google's to run the tests marked `cloud` against."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fail-on-skip", action="store_true", help="count a skipped test as a failure (CI)"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and never skip, what is not part of the suite here."""
    left_out = [item for item in items if not belongs(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def belongs(item: pytest.Item) -> bool:
    """Whether a test is part of the suite: its data is here, its variable is set."""
    if item.get_closest_marker("shared") and not SHARED_DATA.is_dir():
        return False
    if item.get_closest_marker("emulator") and os.environ.get(TEST_PROJECT):
        return False
    asked_for = item.get_closest_marker("opt_in")
    return asked_for is None or bool(os.environ.get(asked_for.args[0]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--fail-on-skip") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data: `eventsim/classic-output/`, `msd/`, and others."""
    return SHARED_DATA

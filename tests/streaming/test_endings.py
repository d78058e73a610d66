"""Whoever runs landing is told in one line why Spark ended a query."""

import pytest

from contracts.errors import ConflictError, UnavailableError
from streaming.endings import failure_of_spark
from streaming.settings import LandingSettings


@pytest.fixture
def settings(tmp_path) -> LandingSettings:
    return LandingSettings.read(home=tmp_path / "home")


@pytest.mark.parametrize(
    "problem",
    [
        "[CONCURRENT_STREAM_LOG_UPDATE] Concurrent update to the log.\nMake sure only one runs.",
        "Multiple streaming queries are concurrently using file:/home/checkpoints/x/commits.",
    ],
    ids=["as it looks for the batch", "as it writes"],
)
def test_a_checkpoint_that_two_use_is_a_conflict_that_names_it(settings, problem):
    failure = failure_of_spark("listen_events", problem, settings)

    assert isinstance(failure, ConflictError)
    assert settings.checkpoints in str(failure)
    assert "only one" in str(failure)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("java.io.IOException: disk\n  at a.b(C)\nCaused by: more\njava.lang.Error: full", "full"),
        ("it went away\n=== Streaming Query ===\njava.lang.Error: not of it", "it went away"),
        ("", "no word"),
    ],
    ids=["the last error of a stack trace", "the only line", "nothing"],
)
def test_anything_else_is_told_by_the_line_that_tells_most(settings, problem, told):
    failure = failure_of_spark("listen_events", problem, settings)

    assert isinstance(failure, UnavailableError)
    assert told in str(failure)
    assert "\n" not in str(failure)
    assert str(settings.spark_home) in str(failure)

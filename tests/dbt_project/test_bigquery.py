"""Every model is SQL that BigQuery knows; no account is asked. That it runs there is not shown."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.events import EVENTS
from tests.dbt_project.bigquery import compiled_for_bigquery, slips
from tests.dbt_project.warehouse import PROJECT

pytestmark = pytest.mark.integration

ASKING = re.compile(r"target\.(type|name)|if\s+target")
HOUR_OF_A_DAY = re.compile(r"\w+(_on|_week) *(>=|<) *'[\d-]{10} [\d:]+'")
"""A date compared with a time: BigQuery takes the text for a date, and refuses it."""
RAW = re.compile(r"`raw`\.`\w+`")
ONE_HOUR = {
    "MUSICFLOW_WINDOW_START": "2026-01-01 05:00:00",
    "MUSICFLOW_WINDOW_END": "2026-01-01 06:00:00",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compiled_for_bigquery(tmp_path_factory.mktemp("bigquery"), os.environ | ONE_HOUR)


def test_all_models_and_data_tests_are_sql_that_bigquery_knows(compiled: dict[str, str]):
    models = {path.stem for path in (PROJECT / "models").rglob("*.sql")}
    assert models <= set(compiled)

    found = {name: slips(sql) for name, sql in compiled.items()}

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_a_day_is_compared_with_days(compiled: dict[str, str]):
    found = {name: HOUR_OF_A_DAY.search(sql) for name, sql in compiled.items()}

    assert {name: match.group() for name, match in found.items() if match} == {}
    assert HOUR_OF_A_DAY.search("listened_on >= '2026-01-01 05:00:00'")


def test_raw_is_never_read_without_bounds_of_its_partitions(tmp_path: Path):
    all_hours = {"MUSICFLOW_WINDOW_START": "", "MUSICFLOW_WINDOW_END": ""}
    compiled = compiled_for_bigquery(tmp_path, os.environ | all_hours)
    reading = {name: sql for name, sql in compiled.items() if RAW.search(sql)}
    assert len(reading) > len(EVENTS), "staging models, and tests that count the rows of raw"

    unbounded = [
        name
        for name, sql in reading.items()
        if len(RAW.findall(sql)) > sql.count("occurred_at >= cast('1900-01-01")
    ]

    assert unbounded == []


@pytest.mark.parametrize(
    ("sql", "slip"),
    [
        pytest.param("select epoch_ms(a) from b", "the function epoch_ms", id="a function"),
        pytest.param("select cast(a as varchar) from b", "the type varchar", id="a type"),
        pytest.param("select a::int64 from b", "a cast by ::", id="a cast"),
        pytest.param("select a % 2 from b", "the operator %; mod() is understood", id="modulo"),
        pytest.param(
            "select count(*) filter (where a) from b", "an aggregate with a filter", id="filter"
        ),
        pytest.param("select distinct on (a) b from c", "distinct on", id="distinct on"),
        pytest.param(
            "select * from a left join b on a.c < b.c",
            "an outer join without an equality",
            id="outer join",
        ),
        pytest.param(
            "select datetime_add(cast(a as datetime), interval 1 hour) < b from c",
            "a datetime that is not cast back to what it was made of",
            id="datetime",
        ),
        pytest.param(
            "select sum(a) over (order by b range between interval 1 day preceding and current row)"
            " from c",
            "a window frame over an interval",
            id="window frame",
        ),
    ],
)
def test_what_only_another_engine_knows_is_told(sql: str, slip: str):
    assert slips(sql) == [slip]


def test_no_model_asks_for_the_target():
    asking = [path.name for path in _sql_files() if ASKING.search(path.read_text())]
    assert asking == []


def _sql_files() -> Iterator[Path]:
    yield from (PROJECT / "models").rglob("*.sql")
    yield from (PROJECT / "macros").rglob("*.sql")

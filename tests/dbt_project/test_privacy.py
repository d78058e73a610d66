"""Nothing personal leaves staging, and the key of the pseudonyms leaves its table never."""

import pytest

from contracts.events import EVENTS
from tests.dbt_project.warehouse import PSEUDONYM_KEY, Warehouse, happened, hour

pytestmark = pytest.mark.integration

PERSONAL = {
    "user_id": 981_237_465,
    "first_name": "Wilhelmina",
    "last_name": "Quackenbush",
    "zip": "83701-4242",
    "latitude": 43.61337,
    "longitude": -116.20242,
    "user_agent": "Mozilla/5.0 (Unheard-of)",
    "unknown_fields": '{"mail": "wilhelmina@example.org"}',
}


@pytest.fixture
def personal_warehouse(warehouse: Warehouse) -> Warehouse:
    for event in EVENTS:
        warehouse.load(event.name, [happened(event.name, hour(0), **PERSONAL)])
    return warehouse


def test_no_personal_value_or_column_reaches_marts_or_reporting(personal_warehouse: Warehouse):
    personal_warehouse.run()

    text = repr(personal_warehouse.tables("marts", "reporting"))
    columns = personal_warehouse.rows("""
        select column_name from information_schema.columns
        where table_schema in ('marts', 'reporting')
    """)

    assert "fct_streams" in text
    assert [name for name, value in PERSONAL.items() if str(value) in text] == []
    assert {name for (name,) in columns} & set(PERSONAL) == set()


def test_neither_compiled_sql_nor_what_dbt_says_shows_the_key(personal_warehouse: Warehouse):
    personal_warehouse.run(select="+fct_streams")

    compiled = [path.read_text() for path in (personal_warehouse.target / "run").rglob("*.sql")]

    assert any("pseudonym_key" in text for text in compiled)
    assert any("pseudonym_key" in message for message in personal_warehouse.messages)
    assert not any(PSEUDONYM_KEY in text for text in compiled + personal_warehouse.messages)


def test_a_pseudonym_is_the_same_in_every_run_and_another_under_another_key(
    personal_warehouse: Warehouse,
):
    def pseudonym() -> str:
        personal_warehouse.run(select="+fct_streams")
        [(found,)] = personal_warehouse.rows("select user_key from marts.fct_streams")
        return found

    first, again = pseudonym(), pseudonym()
    personal_warehouse.execute("update staging.pseudonym_key set key = 'another'")

    assert first == again
    assert pseudonym() != first

"""A contract that grew: hours and tables from before it need no migration."""

import pytest

from contracts.events import LISTEN_EVENTS
from contracts.to_sql import add_new_columns
from tests.dbt_project.warehouse import Warehouse, happened, hour

pytestmark = pytest.mark.integration


def test_rows_from_before_a_new_field_are_staged_beside_those_that_have_it(warehouse: Warehouse):
    added = ["song_id", *(each.name for each in LISTEN_EVENTS.derived)]
    warehouse.load("listen_events", [happened("listen_events", hour(0), "old")])
    for name in added:
        warehouse.execute(f"alter table raw.listen_events drop column {name}")

    for statement in add_new_columns(LISTEN_EVENTS, "duckdb"):
        warehouse.execute(statement)
    warehouse.execute(
        "insert into raw.listen_events by name select * replace ('new' as event_id, "
        "'S1' as song_id, 'firefox' as browser) from raw.listen_events"
    )
    warehouse.run(select="stg_eventsim__listen_events")

    staged = warehouse.rows(
        "select event_id, song_id from staging.stg_eventsim__listen_events order by all"
    )
    assert staged == [("new", "S1"), ("old", None)]
    assert warehouse.rows("select browser from raw.listen_events order by all") == [
        ("firefox",), (None,),
    ]  # fmt: skip

"""Ids derived by the column are those that the contract defines for a row."""

import polars as pl
import pytest

from contracts.events import EVENTS
from contracts.identity import derived_event_id
from streaming.identity import derived_ids, with_ids
from streaming.plain import PLAIN_TYPES

VALUES = {
    "text": ["free", "", "a|b~", "Beyoncé", "\x00", None],
    "integer": [0, -1, 2**63 - 1, -(2**63), 7, None],
    "number": [0.5, 1.0, -2.5, 0.0, 1e300, None],
    "boolean": [True, False, True, False, None, None],
    "timestamp": [0, -1, 1_767_225_603_000, 1, 2, None],
}
WITHOUT_ID = [event for event in EVENTS if event.identity]


def rows_of(event):
    columns = {field.name: VALUES[field.type] for field in event}
    schema = {field.name: PLAIN_TYPES[field.type] for field in event}
    return pl.DataFrame(columns, schema=schema)


@pytest.mark.parametrize("event", WITHOUT_ID, ids=lambda event: event.name)
def test_derived_ids_are_those_of_the_contract(event):
    rows = rows_of(event)

    assert derived_ids(event, rows).to_list() == [
        derived_event_id(event, row) for row in rows.to_dicts()
    ]


@pytest.mark.parametrize("event", WITHOUT_ID, ids=lambda event: event.name)
def test_only_rows_without_an_id_get_one(event):
    rows = rows_of(event).with_columns(event_id=pl.Series(["a", None, "b", None, None, "c"]))

    ids = with_ids(event, rows)["event_id"].to_list()

    assert [ids[0], ids[2], ids[5]] == ["a", "b", "c"]
    assert ids[1] == derived_ids(event, rows)[1]
    assert rows["event_id"].null_count() == 3

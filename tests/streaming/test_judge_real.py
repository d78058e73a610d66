"""What the classic eventsim wrote is accepted entirely, value by value."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from contracts.events import EVENTS_BY_NAME
from contracts.identity import derived_event_id
from streaming.judge import Judge, Limits
from streaming.limits import EPOCH, MILLISECOND
from tests.streaming.judging import batch

LIMITS = Limits(262_144, datetime(2024, 1, 1, tzinfo=UTC), timedelta(minutes=5))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("listen_events", 30_012),
        ("page_view_events", 36_145),
        ("auth_events", 538),
        ("status_change_events", 27),
    ],
)
def test_the_classic_output_is_accepted_with_the_values_it_holds(shared_data, name, count):
    event = EVENTS_BY_NAME[name]
    with gzip.open(shared_data / f"eventsim/classic-output/{name}.json.gz") as file:
        lines = file.readlines()

    verdict = Judge(event, LIMITS)(batch(lines, name), datetime(2026, 2, 1, tzinfo=UTC))

    assert (verdict.accepted.num_rows, verdict.rejected.num_rows) == (count, 0)
    assert verdict.accepted["unknown_fields"].null_count == count
    rows = verdict.accepted.select([field.name for field in event]).to_pylist()
    assert rows == [expected(event, json.loads(line)) for line in lines]


def expected(event, sent):
    row = {field.name: sent.get(field.wire_name) for field in event}
    for field in event:
        if field.type == "timestamp" and row[field.name] is not None:
            row[field.name] = EPOCH + row[field.name] * MILLISECOND
    return row | {"event_id": derived_event_id(event, row)}

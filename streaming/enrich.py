"""Enrichment by the column: what landing tells of each row beyond what was sent.

Each distinct user agent and place of a batch is looked at once, so the cost per row is that of a
dictionary code.
"""

from collections.abc import Callable
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from contracts.events import Event
from streaming.regions import HOME, REGION_OF_COUNTRY, REGION_OF_STATE
from streaming.user_agents import classes_of

AGENT_COLUMNS = frozenset({"device_type", "operating_system", "browser"})
"""What a user agent tells."""


def derived_columns(event: Event, rows: pa.Table) -> list[pa.Array]:
    """The columns of `event.derived` for these rows, keyed by lake name, in their order."""
    wanted = [each.name for each in event.derived]
    known = {"home_region": _home_regions(rows)} if "home_region" in wanted else {}
    if AGENT_COLUMNS.intersection(wanted):
        known |= _agent_classes(rows["user_agent"])
    return [known[name] for name in wanted]


def _agent_classes(agents: pa.ChunkedArray) -> dict[str, pa.Array]:
    encoded = _encoded(agents)
    classes = [classes_of(each) for each in encoded.dictionary.to_pylist()]
    columns = {
        "device_type": [each.device_type for each in classes],
        "operating_system": [each.operating_system for each in classes],
        "browser": [each.browser for each in classes],
    }
    return {
        name: pa.array(values, pa.string()).take(encoded.indices)
        for name, values in columns.items()
    }


def _home_regions(rows: pa.Table) -> pa.Array:
    """Of the state; where the event names a country, and another than ours, of the country."""
    if "country" not in rows.column_names:
        return _looked_up(rows["state"], REGION_OF_STATE.get)
    of_state = _looked_up(rows["region"], REGION_OF_STATE.get)
    of_country = _looked_up(rows["country"], REGION_OF_COUNTRY.get)
    is_home = _looked_up(rows["country"], lambda country: HOME if country == HOME else None)
    return cast("pa.Array", pc.if_else(pc.is_valid(is_home), of_state, of_country))


def _looked_up(column: pa.ChunkedArray, told: Callable[[str], str | None]) -> pa.Array:
    """What is told of each value, in capitals, each distinct one asked for once."""
    encoded = _encoded(column)
    found = [told(str(each).upper()) for each in encoded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(encoded.indices)


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    return column.combine_chunks().dictionary_encode()

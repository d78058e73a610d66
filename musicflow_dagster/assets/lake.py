"""What stands before Dagster: Kafka topics and the lake, written by landing."""

from collections.abc import Iterator

import dagster as dg

from contracts.events import EVENTS, Event, lake_fields
from contracts.to_arrow import accepted_schema
from musicflow_dagster.assets.keys import OWNERS, kafka_key, lake_key, rejected_key


def lake_assets(hours: dg.HourlyPartitionsDefinition) -> list[dg.AssetSpec]:
    """The external assets of all events."""
    return [spec for event in EVENTS for spec in _assets_of(event, hours)]


def _assets_of(event: Event, hours: dg.HourlyPartitionsDefinition) -> Iterator[dg.AssetSpec]:
    yield dg.AssetSpec(
        kafka_key(event),
        description=f"Topic `{event.name}`. {event.description}",
        group_name="kafka",
        kinds={"kafka", "json"},
        owners=OWNERS,
    )
    yield dg.AssetSpec(
        lake_key(event),
        deps=[kafka_key(event)],
        description=f"Accepted messages, by the hour of the event. {event.description}",
        group_name="lake",
        kinds={"spark", "parquet"},
        owners=OWNERS,
        partitions_def=hours,
        metadata={"dagster/column_schema": column_schema(event)},
    )
    yield dg.AssetSpec(
        rejected_key(event),
        deps=[kafka_key(event)],
        description="Messages that broke their contract, as received, with position and reasons, "
        "by the hour of judgement.",
        group_name="lake",
        kinds={"spark", "parquet"},
        owners=OWNERS,
        partitions_def=hours,
    )


def column_schema(event: Event) -> dg.TableSchema:
    """Columns from the lake on, as the contract describes them."""
    described = {each.name: each.description for each in lake_fields(event)}
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                str(column.type),
                description=described.get(column.name),
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in accepted_schema(event)
        ]
    )

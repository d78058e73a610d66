"""How far the stream has come in Postgres, kept in the transactions that bring its events."""

from collections.abc import Mapping

import psycopg

from contracts.errors import ConflictError
from streaming.kafka import Held

Ends = dict[int, int]
"""Next offset by Kafka partition."""


def read_ends(connection: psycopg.Connection, topic: str, topic_id: str | None) -> Ends:
    """Where the stream goes on; empty if nothing is loaded of this very topic."""
    rows = connection.execute(
        "select partition, next_offset from serving_offsets where topic = %s "
        "and (%s::text is null or topic_id is null or topic_id = %s::text)",
        [topic, topic_id, topic_id],
    ).fetchall()
    return dict(rows)


def move_on(
    connection: psycopg.Connection,
    topic: str,
    topic_id: str | None,
    starts: Mapping[int, int],
    ends: Mapping[int, int],
) -> None:
    """Record that all before `ends` is loaded, within the transaction that loads it.

    Raises:
        ConflictError: It is not `starts` that was reached: another job loads the same topic.
    """
    for partition, reached in read_ends(connection, topic, topic_id).items():
        if starts.get(partition, reached) != reached:
            raise ConflictError(
                f"{topic}: offset {reached} of partition {partition} was reached in Postgres, not "
                f"{starts[partition]}: another landing job loads the same topic; stop one of them"
            )
    keep_ends(connection, topic, topic_id, ends)


def keep_ends(
    connection: psycopg.Connection, topic: str, topic_id: str | None, ends: Mapping[int, int]
) -> None:
    """Record where the stream goes on."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into serving_offsets (topic, partition, next_offset, topic_id) "
            "values (%s, %s, %s, %s) on conflict (topic, partition) do update "
            "set next_offset = excluded.next_offset, topic_id = excluded.topic_id",
            [(topic, partition, end, topic_id) for partition, end in ends.items()],
        )


def where_kafka_goes_on(
    ends: Mapping[int, int], held: Mapping[int, Held]
) -> tuple[Ends, dict[int, int]]:
    """Where to go on with what Kafka holds, and how many messages are missing by partition.

    A partition that ends before what was reached is another one by the same name: it is read
    from its beginning, as events that stand already change nothing.

    >>> where_kafka_goes_on({0: 5, 1: 5, 2: 5}, {0: Held(0, 9), 1: Held(7, 9), 2: Held(0, 3)})
    ({0: 5, 1: 7, 2: 0}, {1: 2})
    """
    found: Ends = {}
    missing: dict[int, int] = {}
    for partition, end in ends.items():
        there = held.get(partition)
        if there is None:
            continue
        if there.end < end:
            found[partition] = there.start
        elif there.start > end:
            found[partition] = there.start
            missing[partition] = there.start - end
        else:
            found[partition] = end
    return found, missing

"""What the lake's small records tell, as tables: so readers show them, and so they are described.

They come from `progress.py` and `health.py`, which landing keeps, and `report.py`, which Dagster
writes.
"""

from contracts.serving import Column, Table

_TOPIC = Column("topic", "text", "Topic of the events.")
_END = Column("end_offset", "integer", "Offset at which Kafka's log ended when landing last asked.")
_LANDED = Column("landed_offset", "integer", "All before this offset is committed to the lake.")
_LAG = Column("lag", "integer", "Offsets between both: what has not landed yet.")

TOPICS = Table(
    "topics",
    "How landing of each topic is doing, and how far it has come. Offsets are sums over the "
    "partitions. One row per topic.",
    (_TOPIC,
     Column("landing", "text",
            "running; stopped, which was on purpose; failed; or silent: it should run, and has "
            "not been heard of in time."),
     Column("partitions", "integer", "Partitions of the topic."),
     _END, _LANDED, _LAG,
     Column("caught_up_until", "timestamp",
            "All that Kafka held at this time is committed, UTC.", nullable=True),
     Column("newest_event_at", "timestamp",
            "Time of the newest event of the last batch, UTC.", nullable=True),
     Column("told_at", "timestamp", "When landing wrote this down, UTC.")),
    ("topic",),
)  # fmt: skip
PARTITIONS = Table(
    "partitions",
    "How far landing of each Kafka partition has come. One row per topic and partition.",
    (_TOPIC, Column("partition", "integer", "Number of the partition."), _END, _LANDED, _LAG),
    ("topic", "partition"),
)
REJECTS = Table(
    "rejects",
    "Messages that broke their contract, of the last 30 days with batches. They are kept as they "
    "were received, and can be replayed. One row per UTC day, topic and reason.",
    (Column("judged_on", "date", "UTC day of the batch that judged them."), _TOPIC,
     Column("reason", "text",
            "What the message did wrong, the first of several: oversized, unreadable_record (of a "
            "file), unreadable_json, missing_field, wrong_type, out_of_range, not_allowed, or "
            "impossible_time (before the oldest accepted event, or in the future)."),
     Column("rejected", "integer", "Messages.")),
    ("judged_on", "topic", "reason"),
)  # fmt: skip
LATE_ROWS = Table(
    "late_rows",
    "Rows that landed after their hour was complete, of the last 30 days with events. Replays and "
    "files are never late. One row per UTC day and topic.",
    (Column("happened_on", "date", "UTC day of the events."), _TOPIC,
     Column("rows", "integer", "Rows that Kafka brought."),
     Column("late", "integer", "Those that landed after their hour was complete."),
     Column("late_share", "number", "Late by all rows, 0 to 1.", nullable=True)),
    ("happened_on", "topic"),
)  # fmt: skip
RUNS = Table(
    "runs",
    "The last 50 runs of Dagster. One row per run.",
    (Column("began_at", "timestamp", "When it began, UTC.", nullable=True),
     Column("job", "text", "Its job."),
     Column("state", "text", "queued, running, succeeded, failed or cancelled."),
     Column("hours", "text", "The hours that it builds; empty if it builds none."),
     Column("took_seconds", "number", "How long it took, seconds.", nullable=True),
     Column("why", "text", "Of a failed run: the steps that failed, and why."),
     Column("run", "text", "The begin of its id in Dagster.")),
    ("run",),
)  # fmt: skip
TABLES = (TOPICS, PARTITIONS, REJECTS, LATE_ROWS, RUNS)

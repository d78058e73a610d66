"""The accounts that Dagster keeps and publishes: the tables of the schema `reconciliation`.

They prove that nothing is lost or doubled between the lake, raw and the facts.
"""

from contracts.serving import Column, Table

_EVENT = Column("event", "text", "Topic of the events.")
_HOUR = Column("hour", "timestamp", "Start of the hour of the events, UTC.")
_MANIFESTS = "Stands for the manifests of the lake that it was made from."


def _count(name: str, description: str) -> Column:
    return Column(name, "integer", description)


RAW_HOURS = Table(
    "raw_hours",
    "The account of each load into raw: accepted + replayed + from_files = raw_rows + duplicates "
    "+ erased. One row per event and hour that was loaded.",
    (_EVENT, _HOUR,
     _count("accepted", "Rows that landing has accepted from Kafka."),
     _count("replayed", "Rows that were rejected once, and accepted when they were replayed."),
     _count("from_files", "Rows that came from files."),
     _count("raw_rows", "Rows that stand in raw, each event once."),
     _count("duplicates", "Rows left out because their event stood already."),
     _count("conflicting_duplicates", "Those of the duplicates whose content was another."),
     _count("erased", "Rows left out because their listener asked to be forgotten."),
     Column("manifests", "text", _MANIFESTS),
     Column("loaded_at", "timestamp", "When it was loaded, UTC.")),
    ("event", "hour"),
)  # fmt: skip
FACT_HOURS = Table(
    "fact_hours",
    "Facts against raw: both must have as many rows. One row per fact and hour that was built.",
    (Column("fact", "text", "The fact, such as fct_streams."), _HOUR,
     _count("raw_rows", "Rows of its raw table in the hour."),
     _count("fact_rows", "Rows of the fact in the hour.")),
    ("fact", "hour"),
)  # fmt: skip
BUILT_HOURS = Table(
    "built_hours",
    "Hours that the published tables were built for, complete and with all models. One row per "
    "event and hour.",
    (_EVENT, _HOUR, Column("manifests", "text", _MANIFESTS)),
    ("event", "hour"),
)
TABLES = (RAW_HOURS, FACT_HOURS, BUILT_HOURS)
"""Those that are published."""

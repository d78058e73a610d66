"""Where things stand in the lake: every path is made here, none elsewhere.

<lake>/<event>/date=YYYY-MM-DD/hour=HH/batch=<writer>-<n>/<file>.parquet            accepted
<lake>/rejected/<event>/date=YYYY-MM-DD/hour=HH/batch=<writer>-<n>/<file>.parquet   rejected
<lake>/_batches/<event>/<seq, 12 digits>.json      the numbered log of manifests
<lake>/_attempts/<event>/<writer>-<n>/<file>.json  what an unfinished batch may have written
<lake>/_progress/<event>.json                      how far landing has come
<lake>/_health/<event>.json                        how landing is doing, and its alerts
<lake>/_expired/<event>/<number, 12 digits>.json   what retention has deleted; the newest holds
<lake>/_suppressed/<number, 12 digits>.json        who is forgotten, as a keyed hash
<lake>/_erasures/<user hash>.json                  how far the erasure of one user has come
<lake>/_live/<event>/minutes.parquet               counts of the last minutes, for dashboards
<lake>/_topics/<event>.json                        which Kafka topic the offsets are of
<lake>/_report.json                                rejects, late rows and runs, for readers
<lake>/_files/<event>/<hash of the content>.json   what became of a batch file
<lake>/_lake.json                                  layout version and identity of the lake

Paths are relative to the lake, with `/`. Accepted rows lie by event time, rejects by the
batch's time; both UTC. This file imports the standard library only.
"""

import re
from datetime import UTC, datetime, timedelta

LAYOUT_VERSION = 1
LAKE_RECORD = "_lake.json"
REPORT_RECORD = "_report.json"
HOUR = timedelta(hours=1)
_HOUR_IN_PATH = re.compile(r"/date=(\d{4}-\d\d-\d\d)/hour=(\d\d)/")


def hour_of(at: datetime) -> datetime:
    """The UTC hour that `at` falls in, by its start.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"a time needs its zone: {at!r}")
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hour_key(hour: datetime) -> str:
    """The name of an hour in manifests, as Dagster names its partition.

    >>> hour_key(datetime(2026, 1, 1, 5, tzinfo=UTC))
    '2026-01-01-05:00'
    """
    return hour.strftime("%Y-%m-%d-%H:00")


def parse_hour_key(key: str) -> datetime:
    """The hour with this name, UTC.

    Raises:
        ValueError: `key` is not written `YYYY-MM-DD-HH:00`.
    """
    return datetime.strptime(key, "%Y-%m-%d-%H:00").replace(tzinfo=UTC)


def hour_folder(event_name: str, hour: datetime) -> str:
    """Folder of an event's accepted rows of one hour.

    >>> hour_folder("listen_events", datetime(2026, 1, 1, 5, tzinfo=UTC))
    'listen_events/date=2026-01-01/hour=05'
    """
    return f"{event_name}/{hour:date=%Y-%m-%d/hour=%H}"


def rejected_folder(event_name: str, hour: datetime) -> str:
    """Folder of an event's rejects that were judged in one hour."""
    return f"{rejected_folder_of(event_name)}/{hour:date=%Y-%m-%d/hour=%H}"


def rejected_folder_of(event_name: str) -> str:
    """Folder of all rejects of an event."""
    return f"rejected/{event_name}"


def is_of_rejects(path: str) -> bool:
    """Whether a file of the lake holds rejects."""
    return path.startswith("rejected/")


def batch_folder(writer: str, batch: int) -> str:
    """Name of a batch's folder within an hour.

    >>> batch_folder("3f2a", 7)
    'batch=3f2a-7'
    """
    return f"batch={writer}-{batch}"


def manifest_folder(event_name: str) -> str:
    """Folder of an event's numbered manifests."""
    return f"_batches/{event_name}"


def manifest_path(event_name: str, seq: int) -> str:
    """Path of an event's manifest number `seq`, from 1.

    >>> manifest_path("listen_events", 3)
    '_batches/listen_events/000000000003.json'
    """
    return f"{manifest_folder(event_name)}/{seq:012d}.json"


def attempts_folder(event_name: str) -> str:
    """Folder of the notes that unfinished batches leave before they write."""
    return f"_attempts/{event_name}"


def progress_path(event_name: str) -> str:
    """Path of the record of how far landing of an event has come."""
    return f"_progress/{event_name}.json"


def expiry_folder(event_name: str) -> str:
    """Folder of the records of what has expired of an event."""
    return f"_expired/{event_name}"


def expiry_path(event_name: str, number: int) -> str:
    """Path of an event's expiry record `number`, from 1."""
    return f"{expiry_folder(event_name)}/{number:012d}.json"


def suppression_folder() -> str:
    """Folder of the suppression list."""
    return "_suppressed"


def suppression_path(number: int) -> str:
    """Path of entry `number`, from 1, of the suppression list."""
    return f"{suppression_folder()}/{number:012d}.json"


def erasure_path(user_hash: str) -> str:
    """Path of the record of how far a user's erasure has come."""
    return f"_erasures/{user_hash}.json"


def topic_path(event_name: str) -> str:
    """Path of the record of which Kafka topic an event's offsets are of."""
    return f"_topics/{event_name}.json"


def file_path(event_name: str, content: str) -> str:
    """Path of the record of a batch file, by the hash of its content."""
    return f"_files/{event_name}/{content}.json"


def hour_of_path(path: str) -> datetime | None:
    """The hour in whose folder a file of rows or rejects lies; None for any other path.

    >>> hour_of_path("rejected/listen_events/date=2026-01-01/hour=05/batch=w-1/p0.parquet")
    datetime.datetime(2026, 1, 1, 5, 0, tzinfo=datetime.timezone.utc)
    """
    found = _HOUR_IN_PATH.search(path)
    if not found:
        return None
    return datetime.strptime("-".join(found.groups()), "%Y-%m-%d-%H").replace(tzinfo=UTC)


def health_path(event_name: str) -> str:
    """Path of the record of how landing of an event is doing."""
    return f"_health/{event_name}.json"


def live_path(event_name: str) -> str:
    """Path of the counts of an event's last minutes."""
    return f"_live/{event_name}/minutes.parquet"


def live_state_path(event_name: str) -> str:
    """Path of what these counts are made from: how far they are, and the open minutes' events."""
    return f"_live/{event_name}/state.parquet"

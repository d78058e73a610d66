"""Lands what is dropped into a folder: each content once, and only once it is written."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import msgspec

from musicflow_dagster.automation.batch_files import BATCH, FILES_ARE_WRONG, OP
from musicflow_dagster.settings import Settings

SECONDS_BETWEEN_TICKS = 30
FILES_PER_RUN = 100
BYTES_PER_TICK = 2**30
"""Read at most to see what is new, but one file at least."""
CONTENTS_KEPT = 10_000
"""Of so many files it is known, after they have gone, that they had landed."""
RUN_KEY, AGAIN = "dagster/run_key", "-again-"
PAUSE, FORGOTTEN_AFTER = timedelta(minutes=10), timedelta(days=2)
MOST_TRIES, RUNS_LOOKED_AT = 10, 100
HIDDEN = (".", "_")
UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload", "~")
"""What the names of files begin or end with that somebody is still writing."""


class Seen(msgspec.Struct, frozen=True):
    """A file as it stood at the last tick; `content` is its hash once it was asked for."""

    size: int
    changed: int
    content: str = ""

    def is_as(self, other: "Seen | None") -> bool:
        """Whether it has not changed."""
        return other is not None and (self.size, self.changed) == (other.size, other.changed)


class Cursor(msgspec.Struct, frozen=True):
    """The files of a folder as they stood, and contents that were asked for, oldest first."""

    folder: str = ""
    files: dict[str, Seen] = {}
    contents: tuple[str, ...] = ()


def inbox_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that watches `MUSICFLOW_INBOX`."""

    @dg.sensor(
        name="inbox",
        job_name=BATCH,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Lands each file that is dropped into MUSICFLOW_INBOX, once, whatever it is "
        "called; one that is still being written is waited for.",
    )
    def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        folder = settings.inbox
        if folder is None:
            return dg.SkipReason("no folder is watched: MUSICFLOW_INBOX is not set")
        if not folder.is_dir():
            return dg.SkipReason(f"MUSICFLOW_INBOX is no folder: {folder}")
        before = _cursor(context.cursor, str(folder))
        after, new = looked_at(folder, before)
        cursor = msgspec.json.encode(after).decode()
        again = runs_again(context.instance, datetime.now(UTC))
        if not new and not again:
            waiting = sum(not each.content for each in after.files.values())
            reason = f"{waiting} files are waited for" if waiting else "nothing new"
            return dg.SensorResult(skip_reason=reason, cursor=cursor)
        groups = [new[at : at + FILES_PER_RUN] for at in range(0, len(new), FILES_PER_RUN)]
        requests = [_request(folder, each, after) for each in groups]
        return dg.SensorResult(run_requests=[*requests, *again], cursor=cursor)

    return inbox


def looked_at(folder: Path, before: Cursor) -> tuple[Cursor, list[str]]:
    """The folder as it stands now, and the files to land, whose contents are new.

    A file is looked into when it stands as it stood at the last tick.
    """
    files: dict[str, Seen] = {}
    contents = dict.fromkeys(before.contents)
    new, left = [], BYTES_PER_TICK
    for path in _files_in(folder):
        name = path.relative_to(folder).as_posix()
        now, then = _seen(path), before.files.get(name)
        if now is None:
            continue
        if then is not None and now.is_as(then):
            now = then
            if not then.content and left > 0:
                left -= now.size
                now = msgspec.structs.replace(now, content=_content(path))
                if now.content and now.content not in contents:
                    contents[now.content] = None
                    new.append(name)
        files[name] = now
    kept = tuple(contents)[-max(CONTENTS_KEPT, len(files)) :]
    return Cursor(str(folder), files, kept), new


def runs_again(instance: dg.DagsterInstance, now: datetime) -> list[dg.RunRequest]:
    """Runs of ours that failed through no fault of their files, asked for under a new key.

    A run is asked for again after a while, longer each time; Dagster passes over keys it knows.
    """
    failed = dg.RunsFilter(
        job_name=BATCH, statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - FORGOTTEN_AFTER
    )
    requests = []
    for record in instance.get_run_records(failed, limit=RUNS_LOOKED_AT):
        run = record.dagster_run
        key, _, times = run.tags.get(RUN_KEY, "").partition(AGAIN)
        tried = int(times or 1)
        is_due = now - record.update_timestamp.replace(tzinfo=UTC) > PAUSE * tried
        if key and is_due and tried < MOST_TRIES and FILES_ARE_WRONG not in run.tags:
            next_key = f"{key}{AGAIN}{tried + 1}"
            requests.append(dg.RunRequest(run_key=next_key, run_config=run.run_config))
    return requests


def _files_in(folder: Path) -> Iterator[Path]:
    """Files that are meant; a name that is no text can't be handed on, and has to be changed."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(each.startswith(HIDDEN) for each in parts) or path.name.endswith(UNFINISHED):
            continue
        if path.is_file() and path.as_posix().isprintable():
            yield path


def _seen(path: Path) -> Seen | None:
    """How the file stands; None if it has gone meanwhile."""
    try:
        about = path.stat()
    except OSError:
        return None
    return Seen(about.st_size, about.st_mtime_ns)


def _content(path: Path) -> str:
    """The hash of what the file holds; empty if it can't be read now."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except OSError:
        return ""


def _request(folder: Path, names: Sequence[str], cursor: Cursor) -> dg.RunRequest:
    """A run for these files; after a crash it is asked for again by the same key."""
    contents = "".join(cursor.files[name].content for name in names)
    key = hashlib.blake2b(contents.encode(), digest_size=16).hexdigest()
    config = {"files": [str(folder / name) for name in names]}
    return dg.RunRequest(run_key=f"{BATCH}-{key}", run_config={"ops": {OP: {"config": config}}})


def _cursor(text: str | None, folder: str) -> Cursor:
    """Where the last tick ended; at the beginning for another folder."""
    cursor = msgspec.json.decode(text, type=Cursor) if text else Cursor()
    return cursor if cursor.folder == folder else Cursor(folder)

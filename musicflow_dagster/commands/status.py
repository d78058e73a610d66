"""`musicflow status`: per topic, how far it has landed and been built, and what is broken."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import click

from contracts.events import EVENTS
from contracts.lake import HOUR
from musicflow_dagster.automation.requests import guarded_plan
from musicflow_dagster.broken_checks import BrokenCheck, broken_checks
from musicflow_dagster.commands.tables import table
from musicflow_dagster.instance import CONFIGURATION, opened_instance
from musicflow_dagster.knowledge import gather, manifest_index, progress, rules
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.planner import Known, Plan
from musicflow_dagster.settings import Settings, read_settings
from musicflow_dagster.warehouse.choice import publications_of


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """A topic's standing. Times are ISO 8601, UTC; `lag_seconds` is how far landing is behind.

    `missing` are offsets that Kafka lost before they landed, and that an operator has accepted.
    """

    topic: str
    newest_event: str | None
    caught_up_until: str | None
    lag_seconds: int | None
    not_landed: int | None
    accepted: int
    rejected: int
    missing: int
    newest_complete_hour: str | None
    last_built_hour: str | None
    last_built_at: str | None
    broken_checks: int
    """Of its lake, its rejects and its raw table."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(*, as_json: bool) -> None:
    """Show, per topic, how far it has landed and been built, and which checks are broken.

    Nothing is changed, and a run that writes is not waited for. The exit code says nothing of
    what is broken: for that there are `musicflow reconcile` and `musicflow doctor`.
    """
    settings = read_settings()
    index, publications = manifest_index(settings), publications_of(settings)
    index.refresh()
    known = gather(index, publications)
    planned = guarded_plan(index, publications, known, rules(settings))
    broken = _broken(settings)
    topics = _topics(index, known, planned, _Built(publications.last_loads(), broken))
    if as_json:
        told = {"topics": [asdict(each) for each in topics], **_ahead(planned)}
        click.echo(json.dumps({**told, "broken_checks": [asdict(each) for each in broken]}))
    else:
        click.echo(_as_text(topics, planned, settings, broken))


@dataclass(frozen=True, slots=True)
class _Built:
    """What is known of builds: when each topic's last one was, and the checks that failed."""

    at: dict[str, datetime]
    broken: list[BrokenCheck]

    def broken_of(self, topic: str) -> int:
        """How many checks of a topic's own assets are broken."""
        own = {f"{layer}/{topic}" for layer in ("lake", "rejected", "raw")}
        return sum(each.asset in own for each in self.broken)


def _broken(settings: Settings) -> list[BrokenCheck]:
    """The broken checks, if Dagster has ever run here."""
    if not (settings.dagster_home / CONFIGURATION).exists():
        return []
    with opened_instance(settings.dagster_home) as instance:
        return broken_checks(instance)


def _topics(index: LakeIndex, known: Known, planned: Plan, built: _Built) -> list[TopicStatus]:
    now = datetime.now(UTC)
    landed = {event: numbers for event, *numbers in index.query(_LANDED)}
    missing = dict(index.query("select event, sum(missing) from offsets group by event"))
    records = progress(index.store)
    complete = planned.complete_until - HOUR if planned.complete_until else None
    topics = []
    for event in EVENTS:
        newest, accepted, rejected = landed.get(event.name, (None, 0, 0))
        record = records[event.name]
        caught_up = record.caught_up_until if record else None
        topics.append(
            TopicStatus(
                topic=event.name,
                newest_event=newest,
                caught_up_until=_written(caught_up),
                lag_seconds=round((now - caught_up).total_seconds()) if caught_up else None,
                not_landed=sum(record.held.values()) - sum(record.committed.values())
                if record
                else None,
                accepted=accepted,
                rejected=rejected,
                missing=missing.get(event.name, 0),
                newest_complete_hour=_written(complete),
                last_built_hour=_written(max(known.built.get(event.name, {}), default=None)),
                last_built_at=_written(built.at.get(event.name)),
                broken_checks=built.broken_of(event.name),
            )
        )
    return topics


def _ahead(planned: Plan) -> dict[str, object]:
    """What `musicflow build` would do now."""
    return {"to_build": [str(each) for each in planned.builds], "reason": planned.reason}


def _as_text(
    topics: list[TopicStatus], planned: Plan, settings: Settings, broken: list[BrokenCheck]
) -> str:
    lines = [f"lake {settings.lake}", publications_of(settings).place]
    lines += [f"complete until {_short(_written(planned.complete_until))}", ""]
    lines.append(table(list(_COLUMNS), [_row(each) for each in topics]))
    to_build = ", ".join(str(each) for each in planned.builds)
    lines += ["", f"to build: {to_build}" if to_build else f"nothing to build: {planned.reason}"]
    if planned.builds and planned.lost:
        lines.append(planned.loss)
    return "\n".join([*lines, *map(str, broken)] if broken else [*lines, "no check is broken"])


def _row(topic: TopicStatus) -> list[object]:
    values = (getattr(topic, field) for field in _COLUMNS.values())
    return [_short(value) if isinstance(value, str) else value for value in values]


def _short(written: str | None) -> str | None:
    """A time without the zone, which is UTC."""
    return written.removesuffix("+00:00").replace("T", " ") if written else written


_COLUMNS = {
    "topic": "topic",
    "newest event": "newest_event",
    "caught up until": "caught_up_until",
    "lag (s)": "lag_seconds",
    "not landed": "not_landed",
    "accepted": "accepted",
    "rejected": "rejected",
    "missing": "missing",
    "last built hour": "last_built_hour",
    "built at": "last_built_at",
    "broken": "broken_checks",
}
"""What people see, in UTC, and the names of it."""


def _written(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


_LANDED = "select event, max(newest), sum(accepted), sum(rejected) from batches group by event"

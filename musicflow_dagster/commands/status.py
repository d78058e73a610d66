"""`musicflow status`: per topic, how far it has landed and been built."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import click

from contracts.events import EVENTS
from contracts.lake import HOUR
from musicflow_dagster.commands.tables import table
from musicflow_dagster.knowledge import gather, manifest_index, progress, rules
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.planner import Known, Plan, plan
from musicflow_dagster.settings import Settings, read_settings


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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(*, as_json: bool) -> None:
    """Show, per topic, the newest event, how far landing is, and the last hour built."""
    settings = read_settings()
    index = manifest_index(settings)
    index.refresh()
    known = gather(index, settings.snapshot, settings.warehouse)
    planned = plan(known, rules(settings))
    topics = _topics(index, known, planned, datetime.now(UTC))
    if as_json:
        click.echo(json.dumps({"topics": [asdict(each) for each in topics], **_ahead(planned)}))
    else:
        click.echo(_as_text(topics, planned, settings))


def _topics(index: LakeIndex, known: Known, planned: Plan, now: datetime) -> list[TopicStatus]:
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
            )
        )
    return topics


def _ahead(planned: Plan) -> dict[str, object]:
    """What `musicflow build` would do now."""
    return {"to_build": [str(each.hours) for each in planned.builds], "reason": planned.reason}


def _as_text(topics: list[TopicStatus], planned: Plan, settings: Settings) -> str:
    header = list(asdict(topics[0]))
    lines = [f"lake {settings.lake}", f"snapshot {settings.snapshot}", ""]
    lines.append(table(header, [list(asdict(each).values()) for each in topics]))
    to_build = ", ".join(str(each.hours) for each in planned.builds)
    lines += ["", f"to build: {to_build}" if to_build else f"nothing to build: {planned.reason}"]
    return "\n".join(lines)


def _written(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


_LANDED = "select event, max(newest), sum(accepted), sum(rejected) from batches group by event"

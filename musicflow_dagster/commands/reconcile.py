"""`musicflow reconcile`: prove that every event is accounted for, or say which are not."""

import json
from dataclasses import asdict
from datetime import datetime

import click

from contracts.errors import ReconciliationError
from musicflow_dagster.commands.tables import table
from musicflow_dagster.commands.times import bounds, hour_option
from musicflow_dagster.knowledge import require_lake
from musicflow_dagster.reconciliation import Reconciliation
from musicflow_dagster.reconciliation import reconcile as compare
from musicflow_dagster.settings import read_settings

SHOWN = 20


@click.command()
@click.option("--from", "start", callback=hour_option, help="First hour, such as 2026-01-06T05.")
@click.option("--to", "end", callback=hour_option, help="Hour to stop before.")
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    help="Seconds to wait for a run that writes to the warehouse.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def reconcile(
    start: datetime | None, end: datetime | None, *, patience: float, as_json: bool
) -> None:
    """Count what stands at each hop of each batch and hour; exit code 1 if it is not equal."""
    settings, hours = read_settings(), bounds(start, end)
    require_lake(settings)
    found = compare(settings, hours, patience)
    click.echo(_as_json(found) if as_json else _as_text(found))
    if found.findings:
        raise ReconciliationError(
            f"{len(found.findings)} numbers do not agree; `musicflow build` builds what is "
            "complete, and with --from and --to it makes these hours again from the lake"
        )
    if found.not_recounted:
        raise ReconciliationError(f"raw rows were not counted: {found.not_recounted}")


def _as_json(found: Reconciliation) -> str:
    return json.dumps(
        {
            "reconciled": found.holds,
            "recounted": not found.not_recounted,
            "complete_until": found.complete_until.isoformat() if found.complete_until else None,
            "events": {name: asdict(totals) for name, totals in found.totals.items()},
            "facts": found.facts,
            "findings": [asdict(finding) for finding in found.findings],
            "gaps": [asdict(gap) for gap in found.gaps],
        }
    )


def _as_text(found: Reconciliation) -> str:
    rows = [[name, *asdict(totals).values()] for name, totals in found.totals.items()]
    header = ["event", *next(iter(map(asdict, found.totals.values()))).keys()]
    lines = [table(header, rows)]
    lines += [f"{name}: {rows:,} rows" for name, rows in found.facts.items()]
    lines += [f"{each.event} {each.where}: {each.what}" for each in found.findings[:SHOWN]]
    if len(found.findings) > SHOWN:
        lines.append(f"... and {len(found.findings) - SHOWN} more (--json shows all)")
    lines += [f"gap: {gap}" for gap in found.gaps]
    return "\n".join([*lines, *_waiting(found), f"reconciled: {_verdict(found)}"])


def _waiting(found: Reconciliation) -> list[str]:
    if not found.waiting:
        return []
    until = f"{found.complete_until:%Y-%m-%d %H:%M} UTC" if found.complete_until else "none"
    return [f"{found.waiting:,} rows wait for their hour to end (complete until: {until})"]


def _verdict(found: Reconciliation) -> str:
    if found.findings:
        return "NO"
    if found.not_recounted:
        return "not proven, raw rows were not counted"
    return f"yes, but for {len(found.gaps)} gaps that were accepted" if found.gaps else "yes"

"""`musicflow reconcile`: prove that every event is accounted for, or say which are not."""

import json
from dataclasses import asdict
from datetime import datetime

import click

from contracts.errors import ReconciliationError
from musicflow_dagster.commands.tables import table
from musicflow_dagster.commands.times import bounds, hour_option
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.reconciliation import Reconciliation
from musicflow_dagster.reconciliation import reconcile as compare
from musicflow_dagster.settings import read_settings

SHOWN = 20


@click.command()
@click.option("--from", "start", callback=hour_option, help="First hour, such as 2026-01-06T05.")
@click.option("--to", "end", callback=hour_option, help="Hour to stop before.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def reconcile(start: datetime | None, end: datetime | None, *, as_json: bool) -> None:
    """Compare each hop of each batch and hour; exit code 1 if anything is unaccounted for."""
    settings = read_settings()
    index = manifest_index(settings)
    index.refresh()
    found = compare(index, settings.snapshot, bounds(start, end))
    click.echo(_as_json(found) if as_json else _as_text(found))
    if not found.holds:
        raise ReconciliationError(
            f"{len(found.findings)} numbers do not agree; hours that are not built yet become "
            "so with `musicflow build` once they are complete"
        )


def _as_json(found: Reconciliation) -> str:
    return json.dumps(
        {
            "reconciled": found.holds,
            "events": {name: asdict(totals) for name, totals in found.totals.items()},
            "facts": found.facts,
            "findings": [asdict(finding) for finding in found.findings],
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
    lines.append("reconciled: yes" if found.holds else "reconciled: NO")
    return "\n".join(lines)

"""The command: `python -m tests.chaos --faults 100 --seed 1`."""

import json
import signal
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import click

from contracts.logs import configure_logs

from .run import Run
from .site import ChaosError, Scale, Site


@click.command()
@click.option("--faults", default=100, show_default=True, help="How many.")
@click.option("--seed", default=1, show_default=True, help="Another seed gives others.")
@click.option("--seconds", default=3600.0, show_default=True, help="No new fault after them.")
@click.option("--listeners", default=60_000, show_default=True, help="Who make the events.")
@click.option(
    "--history", default=90, show_default=True, help="Minutes of events before the start."
)
@click.option("--mount/--no-mount", default=True, help="Without: limits stand for the disk's.")
@click.option("--home", type=click.Path(path_type=Path), help="Empty folder. [default: a new one]")
def main(
    *,
    faults: int,
    seed: int,
    seconds: float,
    listeners: int,
    history: int,
    mount: bool,
    home: Path | None,
) -> None:
    """Hurt the platform at random points, then account for every message.

    Prints a JSON object for each fault, and the verdict; exit code 1 unless every promise held.
    """
    configure_logs()
    # Ended in either way, it leaves no process and no mount.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = home or Path(tempfile.mkdtemp(prefix="musicflow-chaos-"))
    scale = Scale(seed, listeners, timedelta(minutes=history), may_mount=mount)
    click.echo(f"chaos: everything stands in {home}", err=True)
    try:
        outcome = Run(Site(home, scale), tell)(faults, seconds)
    except ChaosError as error:
        tell({"verdict": "broken", "why": str(error)})
        sys.exit(1)
    tell(outcome.as_json())
    sys.exit(1 if outcome.findings else 0)


def tell(what: dict) -> None:
    """One line for machines, now."""
    click.echo(json.dumps(what))
    sys.stdout.flush()


if __name__ == "__main__":
    main()

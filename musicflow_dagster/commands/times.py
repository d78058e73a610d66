"""How hours are written on the command line."""

from datetime import UTC, datetime

import click

from contracts.errors import ConfigurationError
from contracts.lake import hour_of
from musicflow_dagster.hours import HourRange


def hour_option(
    _context: click.Context, parameter: click.Parameter, value: str | None
) -> datetime | None:
    """The hour that an option names, UTC unless it says otherwise."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no hour; write it as 2026-01-06T05", param=parameter
        ) from error
    return hour_of(at if at.tzinfo else at.replace(tzinfo=UTC))


def bounds(start: datetime | None, end: datetime | None) -> HourRange | None:
    """The range that --from and --to name together, or None without them.

    Raises:
        ConfigurationError: Only one of them is given, or they are the wrong way round.
    """
    if start is None and end is None:
        return None
    if start is None or end is None or start >= end:
        raise ConfigurationError("give --from and --to, the first hour and the one to stop before")
    return HourRange(start, end)

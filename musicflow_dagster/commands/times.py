"""How hours are written on the command line."""

from datetime import UTC, datetime

import click

from contracts.lake import hour_of


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

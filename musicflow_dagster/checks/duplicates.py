"""Copies: how much of what landed for an hour stood in the lake before."""

from collections.abc import Mapping
from datetime import datetime

from musicflow_dagster.checks.findings import Finding, is_usual, share_of
from musicflow_dagster.load_report import LoadedHour


def duplicates(loaded: Mapping[datetime, LoadedHour], most: float) -> dict[datetime, Finding]:
    """Per hour, its share of copies; more than `most` is worth a look at the producers."""
    return {hour: _finding(each, most) for hour, each in loaded.items()}


def _finding(hour: LoadedHour, most: float) -> Finding:
    share = share_of(hour.duplicates, hour.landed.rows)
    numbers = {
        "duplicates": hour.duplicates,
        "conflicting_duplicates": hour.conflicting_duplicates,
        "duplicate_share": share,
    }
    if is_usual(hour.duplicates, hour.landed.rows, most):
        return Finding(passed=True, numbers=numbers)
    says = f"{share:.1%} of {hour.landed.rows} rows are copies of others; {most:.1%} are usual"
    return Finding(passed=False, numbers=numbers, says=says)

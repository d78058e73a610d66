"""The runbook has an entry for whatever people can be told of, and for nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from contracts.events import EVENTS
from contracts.health import AlertKind
from contracts.runbook import PAGE
from musicflow_dagster.automation import alerts
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.settings import REPOSITORY

RUNBOOK = (REPOSITORY / PAGE).read_text()
DOCTOR = [
    *(REPOSITORY / "musicflow_dagster" / "doctor").glob("*.py"),
    REPOSITORY / "musicflow_dagster" / "commands" / "doctor.py",
]
FRESHNESS, TESTS = "stale", "dbt_tests"
"""Entries of Dagster's freshness and of the tests of models, which are many."""
TOLD = {*get_args(AlertKind), "failed", "silent", alerts.NAME}


def entries(chapters: str) -> set[str]:
    """Headings of the entries in the chapters whose titles fit."""
    found = re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)
    return {
        name
        for chapter in found
        if re.match(chapters, chapter)
        for name in re.findall(r"^### (.+)$", chapter, re.MULTILINE)
    }


def rules() -> set[str]:
    """Alerts that docs/monitoring.md gives Prometheus."""
    return set(re.findall(r"\{alert: (\w+)", (REPOSITORY / "docs" / "monitoring.md").read_text()))


def findings(file: Path) -> Iterator[str]:
    """Names of what the doctor's code in a file looks at."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = node.args[0] if node.args else None
            if node.func.id in {"Finding", "_examined"} and isinstance(first, ast.Constant):
                yield first.value


def test_each_alert_has_its_entry():
    assert entries("Alerts of ") == TOLD | {FRESHNESS}


def test_each_rule_for_prometheus_has_its_entry():
    assert entries("Alerts by Prometheus") == rules()


def test_each_check_has_its_entry(settings):
    names = {event.name for event in EVENTS}
    checks = {
        re.sub(r"^raw_equals_fct_\w+$", "raw_equals_fact", key.name)
        for key in build_definitions(settings).resolve_asset_graph().asset_check_keys
        if key.asset_key.path[0] in {"lake", "rejected", "reconciliation"}
        or (key.asset_key.path[0] == "raw" and key.asset_key.path[1] in names)
    }

    assert entries("Checks of ") == checks | {TESTS}


def test_each_finding_of_the_doctor_is_in_its_table():
    told = {name for file in DOCTOR for name in findings(file)}
    table = RUNBOOK.partition("## What doctor finds")[2]
    firsts = re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)

    assert {name for each in firsts for name in re.findall(r"`([^`]+)`", each)} == told


@pytest.mark.parametrize("name", sorted(entries("Alerts of|Checks of")))
def test_each_entry_says_what_it_means_what_to_do_and_when_it_is_over(name):
    entry = re.split(r"^##+ ", RUNBOOK.partition(f"### {name}\n")[2], flags=re.MULTILINE)[0]

    for part in ("**Means**", "**Look**", "**Do**", "**Over**"):
        assert part in entry

"""`docs/settings.md` and the code name the same variables, with the same defaults."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

import dashboard.settings
import musicflow_dagster.settings
import streaming.settings
from contracts.secret_files import SECRETS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
READERS = ("contracts", "dashboard", "dbt_project", "deploy", "eventsim", "local", "streaming")
READERS += ("musicflow_dagster",)
KINDS = {".py", ".sql", ".yml", ".yaml"}
NAME = re.compile(r"\b(?:(?:MUSICFLOW|KAFKA)_[A-Z][A-Z_]*[A-Z]|DAGSTER_HOME|POSTGRES_URL)\b")
READ = re.compile(rf"""(?:["']|env: )(?P<name>{NAME.pattern})\b""")
ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>[^|]*) \|", re.MULTILINE)
NOT_OURS = {"KAFKA_HEAP_OPTS", "KAFKA_OPTS"}
"""What Kafka's own scripts read."""


def settings_classes() -> list[type[BaseSettings]]:
    modules = (streaming.settings, musicflow_dagster.settings, dashboard.settings)
    return [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, BaseSettings) and each is not BaseSettings
    ]


def declared() -> dict[str, object]:
    """The variables of the settings' classes, with their defaults."""
    return {
        str(field.validation_alias or f"{each.model_config.get('env_prefix')}{name}".upper()): (
            field.default
        )
        for each in settings_classes()
        for name, field in each.model_fields.items()
    }


def named_in_code() -> set[str]:
    """Variables that stand as whole texts somewhere in the code, or are read by dbt."""
    found = set()
    for folder in READERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in KINDS and "target" not in path.parts:
                found |= {each["name"] for each in READ.finditer(path.read_text())}
    return found - NOT_OURS - {f"{name}_FILE" for name in SECRETS}


def documented() -> dict[str, str]:
    rows = [(each["name"], each["default"].strip()) for each in ROW.finditer(PAGE.read_text())]
    names = [name for name, _ in rows]
    assert sorted(set(names)) == sorted(names), "a variable has two rows"
    return dict(rows)


def test_every_variable_that_the_code_reads_is_documented_and_no_other():
    known = named_in_code() | set(declared())

    assert set(documented()) == known


def as_written(default: object) -> str | None:
    """A default as the page shows it; None where it says in words what there is."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, datetime):
        return f"{default:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(default, int | float):
        return str(default)
    return default if isinstance(default, str) and default else None


def defaults() -> Iterator[tuple[str, str]]:
    for name, default in declared().items():
        if written := as_written(default):
            yield name, written


@pytest.mark.parametrize(("name", "default"), sorted(set(defaults())))
def test_the_page_shows_the_default_that_the_code_has(name, default):
    assert documented()[name].strip("`").replace(",", "") == default.replace(",", "")


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_stands_among_the_secrets(name):
    secrets = PAGE.read_text().partition("## Secrets")[2].partition("\n## ")[0]

    assert f"| `{name}` |" in secrets

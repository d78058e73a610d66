"""How dbt is started: as dagster-dbt does it, without what we don't use of it."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version

from musicflow_dagster.dbt_models import DBT


class DbtResource(DbtCliResource):
    """A dbt that is called as a command only.

    The base class also opens dbt's adapter in this process: that takes seconds, and its DuckDB
    connection then shuts the warehouse to the steps that follow.
    """

    @cached_property
    def _cli_version(self) -> Version:
        """The installed version, without asking the command, which takes seconds."""
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002 the base's signature
        """No adapter."""
        return None


def dbt_resource(project: DbtProject) -> DbtResource:
    """The resource for `project`."""
    return DbtResource(
        project_dir=project,  # type: ignore[arg-type]  # its own __init__ takes a project
        dbt_executable=str(DBT),
    )

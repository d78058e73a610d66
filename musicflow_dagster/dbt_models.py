"""The dbt project as the platform sees it: its manifest, and what models say of themselves."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject

from contracts.errors import ConfigurationError
from contracts.logs import log
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.published import Published

DBT = Path(sys.executable).with_name("dbt")
SOURCE_FOLDERS = ("models", "macros", "seeds", "tests", "docs")
PROJECT_FILES = ("dbt_project.yml", "profiles.yml")


def prepared_project(settings: Settings) -> DbtProject:
    """The project with a manifest that is no older than its files.

    Raises:
        ConfigurationError: There is no project, or dbt can't read it.
    """
    root = settings.dbt_project
    if not (root / "dbt_project.yml").is_file():
        raise ConfigurationError(f"{root} holds no dbt project: set MUSICFLOW_DBT_PROJECT")
    project = DbtProject(project_dir=root, profiles_dir=root, target_path=settings.dbt_target)
    manifest = project.manifest_path
    if not manifest.exists() or manifest.stat().st_mtime < _newest_change(root):
        _parse(root, settings)
    return project


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The variables that lead dbt to the warehouse of `settings`."""
    variables = {
        "MUSICFLOW_TARGET": settings.target,
        "MUSICFLOW_WAREHOUSE": str(settings.warehouse),
    }
    if settings.target == "local":
        return variables | {"MUSICFLOW_DUCKDB_THREADS": str(settings.duckdb_threads)}
    most = settings.maximum_bytes_billed
    return variables | {
        "GOOGLE_CLOUD_PROJECT": settings.project,
        "MUSICFLOW_BIGQUERY_LOCATION": settings.bigquery_location,
        "MUSICFLOW_DATASET_PREFIX": settings.dataset_prefix,
        **({"MUSICFLOW_MAXIMUM_BYTES_BILLED": str(most)} if most else {}),
    }


def layer_of(node: Mapping[str, Any], prefix: str) -> str:
    """The layer that a model or source is of: its schema, without the prefix of BigQuery's."""
    return str(node["schema"]).removeprefix(prefix)


def published_models(
    manifest: dict[str, Any], prefix: str = ""
) -> Iterator[tuple[dg.AssetKey, Published]]:
    """The models that leave the warehouse, as their `meta` says, and their asset keys."""
    for node in manifest["nodes"].values():
        meta = node.get("config", {}).get("meta", {})
        if node["resource_type"] == "model" and "publish" in meta:
            layer = layer_of(node, prefix)
            yield dg.AssetKey([layer, node["name"]]), _published(node, meta, layer)


def read_manifest(project: DbtProject) -> dict[str, Any]:
    """The manifest that dbt made of the project."""
    manifest: dict[str, Any] = json.loads(project.manifest_path.read_bytes())
    return manifest


def _published(node: dict[str, Any], meta: dict[str, Any], layer: str) -> Published:
    publish, reach = meta["publish"], meta.get("reach", {})
    return Published(
        schema=layer,
        table=node["alias"],
        by=publish["by"],
        time_column=publish.get("time_column", ""),
        before_hours=int(reach.get("before_hours", 0)),
        after_hours=int(reach.get("after_hours", 0)),
        in_whole_weeks=reach.get("rounded_to") == "week",
        changes_any_day=publish.get("changes") == "any day",
    )


def _newest_change(root: Path) -> float:
    files = [root / name for name in PROJECT_FILES]
    for folder in SOURCE_FOLDERS:
        files += [path for path in (root / folder).rglob("*") if path.is_file()]
    return max(path.stat().st_mtime for path in files)


def _parse(root: Path, settings: Settings) -> None:
    log.info("reading the dbt project", project=str(root))
    target = settings.dbt_target
    target.mkdir(parents=True, exist_ok=True)
    command = [str(DBT), "--quiet", "--log-path", str(target), "parse"]
    command += ["--project-dir", str(root), "--profiles-dir", str(root)]
    command += ["--target-path", str(target)]
    # With the same profile as at run time, dbt can reuse what it has parsed.
    environment = os.environ | dbt_environment(settings)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        words = (done.stdout.strip() or done.stderr.strip()).splitlines()
        raise ConfigurationError(f"dbt cannot read {root}: {' '.join(words[-6:])}")

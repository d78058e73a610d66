"""Where a local run keeps its things, and the settings that tell the stations so."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Workspace:
    """One folder with everything a local run makes: broker, lake, warehouse, Dagster, logs."""

    home: Path
    cache: Path
    """Downloads that outlive a run: the Kafka jars."""

    @classmethod
    def under(cls, work_folder: Path, name: str = "") -> "Workspace":
        """The workspace `name` below the work folder, or the work folder itself."""
        root = work_folder.absolute()
        cache = Path(os.environ.get("MUSICFLOW_CACHE") or root / "cache").absolute()
        return cls(home=root / name, cache=cache)

    @property
    def address_file(self) -> Path:
        """Where the local broker writes its address once it is ready."""
        return self.home / "kafka" / "address"

    @property
    def settings_file(self) -> Path:
        """The run's variables, for a shell to source."""
        return self.home / "environment.sh"

    @property
    def lake(self) -> Path:
        """The lake's folder."""
        return self.home / "lake"

    @property
    def snapshot(self) -> Path:
        """The folder of the published snapshot."""
        return self.home / "snapshot"

    def log(self, station: str) -> Path:
        """The file that a station's words go to."""
        return self.home / "logs" / f"{station}.log"

    def settings(self, *, start: datetime | None = None) -> dict[str, str]:
        """The variables that tell the stations where to meet; `start` is the first hour, UTC."""
        variables = {
            "MUSICFLOW_HOME": self.home,
            "MUSICFLOW_CACHE": self.cache,
            "MUSICFLOW_LAKE": self.lake,
            "MUSICFLOW_CHECKPOINTS": self.home / "checkpoints",
            "MUSICFLOW_WAREHOUSE": self.home / "warehouse" / "musicflow.duckdb",
            "MUSICFLOW_SNAPSHOT": self.snapshot,
            "DAGSTER_HOME": self.home / "dagster",
        }
        first = {"MUSICFLOW_START": start.strftime("%Y-%m-%dT%H:%M:%SZ")} if start else {}
        return {name: str(value) for name, value in variables.items()} | first

    def write_settings(self, settings: Mapping[str, str]) -> None:
        """Keep the variables in a file for the shell, which brings our commands along."""
        commands = Path(sys.executable).parent
        lines = [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
        path = f"export PATH={shlex.quote(str(commands))}:$PATH"
        self.settings_file.write_text("\n".join([*lines, path]) + "\n")

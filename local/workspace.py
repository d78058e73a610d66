"""Where a local run keeps its things, and the environment that tells the stations so."""

import os
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

    def environment(
        self, *, start: datetime | None = None, bootstrap_servers: str = ""
    ) -> dict[str, str]:
        """Our environment, with what the stations need to meet in this workspace."""
        ours = {
            "MUSICFLOW_HOME": str(self.home),
            "MUSICFLOW_CACHE": str(self.cache),
            "MUSICFLOW_LAKE": str(self.lake),
            "MUSICFLOW_CHECKPOINTS": str(self.home / "checkpoints"),
            "MUSICFLOW_WAREHOUSE": str(self.home / "warehouse" / "musicflow.duckdb"),
            "MUSICFLOW_SNAPSHOT": str(self.snapshot),
            "DAGSTER_HOME": str(self.home / "dagster"),
        }
        if start is not None:
            ours["MUSICFLOW_START"] = start.strftime("%Y-%m-%dT%H:%M:%SZ")
        if bootstrap_servers:
            ours["KAFKA_BOOTSTRAP_SERVERS"] = bootstrap_servers
        return {**os.environ, **ours}

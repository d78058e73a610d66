"""deploy/compose.yaml as Docker Compose reads it: by the library that it uses itself."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from local.deploy_env import EXAMPLE
from local.go_tools import COMPOSE, installed

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy/compose.yaml"
SECURED = ROOT / "deploy/compose.secured.yaml"
"""What is added to it for a Kafka that asks who is there."""
DOWNLOADS = ROOT / ".musicflow/cache"
DIGEST = f"sha256:{'0' * 64}"
_UNITS = {"s": 1, "m": 60, "h": 3600}


def example_values() -> dict[str, str]:
    """The example's values, with stand-ins for what it leaves to be filled in."""
    lines = EXAMPLE.read_text().splitlines()
    assigned = [line.partition("=") for line in lines if re.match(r"[A-Z_]+=", line)]
    return {
        name: value or (f"image@{DIGEST}" if name.endswith("_IMAGE") else f"made0up0{name.lower()}")
        for name, _, value in assigned
    }


def read_by_compose(values: dict[str, str], *files: Path) -> "subprocess.CompletedProcess[str]":
    """What the library makes of the file and those that are added to it, or says against them."""
    names = [each.name for each in (FILE, *files)]
    command = [installed(COMPOSE, DOWNLOADS), "-format", "json", *names]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **values}
    return subprocess.run(
        command, cwd=FILE.parent, env=environment, capture_output=True, text=True, check=False
    )


def model(values: Mapping[str, str] = MappingProxyType({}), *files: Path) -> dict[str, Any]:
    """The file with all its parts, with the example's values and these."""
    read = read_by_compose(example_values() | dict(values), *files)
    assert read.returncode == 0, read.stderr
    whole: dict[str, Any] = json.loads(read.stdout)
    return whole


def seconds(written: str) -> float:
    """A duration such as 1m30s."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smh])", written))


@dataclass(frozen=True)
class Service:
    """A service of the file."""

    name: str
    said: dict[str, Any]
    station: str
    """The name of its image's Dockerfile; empty if the image is somebody else's."""

    @property
    def is_ours(self) -> bool:
        """Whether its image is built from this repository."""
        return bool(self.station)

    @property
    def runs_once(self) -> bool:
        return bool(self.said.get("healthcheck", {}).get("disable"))

    @property
    def healthcheck(self) -> list[str]:
        kind, *command = self.said["healthcheck"]["test"]
        assert kind == "CMD"
        return list(command)

    @property
    def stop_signal(self) -> str:
        return str(self.said.get("stop_signal", "SIGTERM"))

    @property
    def grace_seconds(self) -> float:
        return seconds(self.said["stop_grace_period"])

    @property
    def environment(self) -> dict[str, str]:
        """What is set in it; a variable without a value is not."""
        return {k: v for k, v in self.said.get("environment", {}).items() if v is not None}

    @property
    def mounts(self) -> dict[str, str]:
        """Volumes by the place where they are seen."""
        return {each["target"]: each["source"] for each in self.said.get("volumes", [])}

    @property
    def needs(self) -> dict[str, str]:
        """On which services it waits, and for what."""
        return {name: how["condition"] for name, how in self.said.get("depends_on", {}).items()}


def services(values: Mapping[str, str] = MappingProxyType({})) -> dict[str, Service]:
    """All services, each after those that it waits for."""
    said_by_name = model(values)["services"]
    stations = {
        said["image"]: Path(said["build"]["dockerfile"]).name.removesuffix(".Dockerfile")
        for said in said_by_name.values()
        if "build" in said
    }
    read = {
        name: Service(name, said, stations.get(said["image"], ""))
        for name, said in said_by_name.items()
    }
    ordered: dict[str, Service] = {}
    while len(ordered) < len(read):
        ready = [
            n
            for n, each in read.items()
            if n not in ordered and each.needs.keys() <= ordered.keys()
        ]
        assert ready, "services wait for each other"
        ordered |= {name: read[name] for name in ready}
    return ordered

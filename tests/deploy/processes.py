"""Services of the compose file as processes: their command lines, variables and health checks.

What a container sees under its own paths lies below a folder here, volumes that are mounted into
each other by links; hosts and ports are those of this machine. All else is as the file says.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.compose import FILE, Service
from tests.deploy.dockerfile import PLACES, Image

PATIENCE = 600
"""Seconds until a service that takes ten on an idle machine must be healthy."""


def quiet_port() -> int:
    """A free port below those that the system gives to connections, which come and go."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Machine:
    """Where services find each other here."""

    folder: Path
    images: Mapping[str, Image]
    replaced: list[tuple[str, str]] = field(default_factory=list)
    """Patterns of what a container knows, such as `kafka:19092`, and what stands for it here."""

    def volume(self, name: str) -> Path:
        return self.folder / "volumes" / name

    def places(self, service: Service) -> list[tuple[str, Path]]:
        """What stands for each mounted place of a service, the deepest first."""
        mounts = {place: self.volume(name) for place, name in service.mounts.items()}
        mounts["/tmp"] = self.folder / "tmp" / service.name
        for path in mounts.values():
            path.mkdir(parents=True, exist_ok=True)
        for place, path in mounts.items():
            parent = mounts.get(str(Path(place).parent))
            if parent and not (parent / Path(place).name).exists():
                (parent / Path(place).name).symlink_to(path)
        return sorted(mounts.items(), key=lambda each: -len(each[0]))

    def mapped(self, text: str, service: Service, image: Image | None) -> str:
        """A text with the paths, hosts and ports of this machine."""
        places = dict(self.places(service))
        if image:
            places |= {p: image.root / p[1:] for p in PLACES if p not in places}
        # All at once: what stands for one place may look as if it began with another.
        names = "|".join(map(re.escape, sorted(places, key=len, reverse=True)))
        text = re.sub(rf"(?<![\w./])({names})(?![\w.-])", lambda found: str(places[found[1]]), text)
        for pattern, here in self.replaced:
            text = re.sub(pattern, here, text)
        return text

    def replace(self, pattern: str, here: str) -> None:
        """From now on `here` stands for what matches `pattern`."""
        self.replaced.append((pattern, here))

    def config(self, name: str) -> Path:
        """The file of a config."""
        return self.folder / "configs" / name


@dataclass
class Container:
    """A service that runs as a process."""

    service: Service
    machine: Machine

    def __post_init__(self) -> None:
        self.image = self.machine.images[self.service.station] if self.service.is_ours else None
        self.log = self.machine.folder / "logs" / f"{self.service.name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)

    def _mapped(self, text: str) -> str:
        return self.machine.mapped(text, self.service, self.image)

    @property
    def command(self) -> list[str]:
        said = self.service.said
        image = self.image
        entrypoint = said.get("entrypoint") or (image.entrypoint if image else [])
        command = said.get("command")
        if command is None:
            command = image.command if image else []
        return [self._mapped(each) for each in [*entrypoint, *command]]

    @property
    def environment(self) -> dict[str, str]:
        told = {"HOME": "/var/lib/musicflow", "TMPDIR": "/tmp"}
        if self.image:
            told |= self.image.environment
        mapped = {k: self._mapped(v) for k, v in (told | self.service.environment).items()}
        base = self.image.process_environment() if self.image else {"PATH": os.environ["PATH"]}
        return base | mapped | {"PATH": base["PATH"]}

    @property
    def cwd(self) -> Path:
        return Path(self.image.mapped(self.image.workdir)) if self.image else self.machine.folder

    def start(self) -> None:
        for config in self.service.said.get("configs", []):
            source = self.machine.config(config["source"])
            target = Path(self._mapped(config["target"]))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def is_healthy(self) -> bool:
        """What its own health check says, in its own time."""
        check = [self._mapped(each) for each in self.service.healthcheck]
        with (self.log.with_suffix(".health")).open("ab") as output:
            done = subprocess.run(
                check, env=self.environment, cwd=self.cwd, stdout=output, stderr=output,
                check=False, timeout=120,
            )  # fmt: skip
        return done.returncode == 0

    def await_healthy(self) -> None:
        self.wait_for(self.is_healthy)

    def wait_for(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            assert self.process.poll() is None, f"{self.service.name} ended: {self.words()}"
            assert time.monotonic() < deadline, f"{self.service.name} is not ready: {self.words()}"
            time.sleep(0.5)

    def run_to_its_end(self) -> int:
        self.start()
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to end as Docker does; its exit code. Docker would kill it after its grace."""
        self.process.send_signal(signal.Signals[self.service.stop_signal])
        return self.process.wait(self.service.grace_seconds)

    def remove(self) -> None:
        """End it and all that it started, whatever became of it."""
        if hasattr(self, "process"):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def words(self) -> str:
        health = self.log.with_suffix(".health")
        checks = health.read_text()[-500:] if health.exists() else ""
        return f"{self.log.read_text()[-3000:]}\n{checks}"


def configs_of_the_file(folder: Path) -> None:
    """Lay the files of `configs` ready."""
    folder.mkdir(parents=True)
    shutil.copy(FILE.parent / "dagster/dagster.yaml", folder / "dagster")
    shutil.copy(FILE.parent / "postgres/databases.sh", folder / "databases")

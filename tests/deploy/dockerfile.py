"""Dockerfiles carried out without Docker: their steps, in a folder, with the packages of a lock.

A path of the image becomes one below the folder, except those that a step of the system needs
(users, pip of the base), which are known by their words and left out. What a lock pins is linked
from the environment that the tests run in, which `make setup` installed from the same hashes.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

from streaming.jars import SPARK_GCS, SPARK_KAFKA, jars
from streaming.java import java_home
from tests.deploy.ignored import Ignored
from tests.deploy.station_venv import link_packages

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/docker"
IMAGES = ("dagster", "dashboard", "eventsim", "streaming")
PLACES = ("/opt", "/app", "/var/lib/musicflow", "/locks", "/build")
"""Folders that our steps make or fill."""
BASE_HAS = ("/usr/bin", "/bin")
NOLOGIN = "--shell /usr/sbin/nologin --home-dir /var/lib/musicflow musicflow"
BY_THE_SYSTEM = (
    "python -m pip uninstall --yes pip setuptools wheel",
    "groupadd --gid 10001 musicflow",
    f"useradd --uid 10001 --gid 10001 {NOLOGIN}",
)
"""Commands that change the base: its tools go, our user comes."""


TOLD = frozenset(
    {"LABEL", "WORKDIR", "USER", "STOPSIGNAL", "ENTRYPOINT", "CMD", "HEALTHCHECK", "SHELL"}
)
"""Instructions that say something of the image."""


@dataclass(frozen=True)
class Step:
    """An instruction."""

    word: str
    value: str


@dataclass
class Image:
    """What became of a Dockerfile: the folder that stands for its root, and how it is started."""

    station: str
    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """The values of the instructions in `TOLD`."""

    @property
    def entrypoint(self) -> list[str]:
        return list(json.loads(self.said.get("ENTRYPOINT", "[]")))

    @property
    def command(self) -> list[str]:
        return list(json.loads(self.said["CMD"]))

    @property
    def workdir(self) -> str:
        return self.said["WORKDIR"]

    def mapped(self, text: str) -> str:
        """A text in which the image's paths are those below its folder."""
        places = "|".join(map(re.escape, PLACES))
        return re.sub(rf"(?<![\w./])(?={places})", str(self.root), text)

    @property
    def python(self) -> Path:
        return self.root / "opt/venv/bin/python"

    def process_environment(self) -> dict[str, str]:
        """The image's environment, with mapped paths; of the machine's programs the base's only."""
        told = {name: self.mapped(value) for name, value in self.environment.items()}
        base = ":".join(BASE_HAS)
        return told | {"PATH": told.get("PATH", "").replace("$PATH", base) or base}


def dockerfile(station: str) -> Path:
    return FOLDER / f"{station}.Dockerfile"


def stages(station: str) -> list[list[Step]]:
    """The instructions of each stage, from its FROM on; what stands before is left out."""
    found: list[list[Step]] = []
    for each in DockerfileParser(path=str(dockerfile(station)), env_replace=False).structure:
        if each["instruction"] == "FROM":
            found.append([])
        if found and each["instruction"] != "COMMENT":
            found[-1].append(Step(each["instruction"], each["value"]))
    return found


def replayed(station: str, root: Path, downloads: Path) -> Image:
    """Carry out the steps of a Dockerfile in `root`; jars come from the folder of downloads."""
    image = Image(station, root)
    root.mkdir(parents=True)
    building, final = stages(station)
    cache = root / "opt/musicflow/cache"
    if "fetch_jars.py" in dockerfile(station).read_text():
        cache.mkdir(parents=True)
        for each in (SPARK_KAFKA, SPARK_GCS):  # under the lock of the downloads, not of the image
            jars(each, downloads, java_home())
        (cache / "jars").symlink_to(downloads.resolve() / "jars")
    for step in building:
        _take(image, step)
    _keep_only(image, set(_copied_over(final)))
    image.environment.clear()
    for step in final:
        _take(image, step)
    return image


def _copied_over(steps: list[Step]) -> Iterator[str]:
    """What the last stage takes from the one before; under the same name."""
    for step in steps:
        if step.word == "COPY":
            flag, source, target = step.value.split()
            assert flag == "--from=build", step.value
            assert source == target, step.value
            yield source


def _keep_only(image: Image, kept: set[str]) -> None:
    """Remove from the folder what the last stage does not take over."""
    assert kept, "the last stage takes nothing"
    wanted = {Path(each).relative_to("/") for each in kept}
    for folder in (image.root, image.root / "opt"):
        for each in folder.iterdir() if folder.exists() else ():
            name = each.relative_to(image.root)
            if not any(name == path or name in path.parents for path in wanted):
                shutil.rmtree(each)
    assert all((image.root / path).exists() for path in wanted)


def _take(image: Image, step: Step) -> None:
    """Carry out one step."""
    if step.word in TOLD:
        image.said[step.word] = step.value
    elif step.word == "ENV":
        image.environment |= dict(each.split("=", 1) for each in shlex.split(step.value))
    elif step.word == "COPY":
        if not step.value.startswith("--from="):
            _copy(image, *step.value.split())
    elif step.word == "RUN":
        for command in step.value.split("&&"):
            _run(image, command.split())
    else:
        assert step.word in {"FROM", "ARG", "EXPOSE"}, f"the replay does not know {step.word}"


def _copy(image: Image, *words: str) -> None:
    """Copy from the repository what .dockerignore lets through."""
    *sources, target = words
    ignored = Ignored.of(ROOT)
    for source in sources:
        found = list(ignored.let_through(source))
        assert found, f"{source} is not sent to Docker: see .dockerignore"
        for path in found:
            below = path.relative_to(ROOT / source) if (ROOT / source).is_dir() else Path(path.name)
            place = Path(image.mapped(target)) / below
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)


def _run(image: Image, words: list[str]) -> None:
    """Carry out a command of a RUN; one that nobody knows is an error."""
    line = " ".join(words)
    if line in BY_THE_SYSTEM:
        return
    if line.startswith("install -d -o 10001 -g 10001 "):
        for folder in words[6:]:
            Path(image.mapped(folder)).mkdir(parents=True, exist_ok=True)
    elif line == "python -m venv --without-pip /opt/venv":
        command = [sys.executable, "-m", "venv", "--without-pip", str(image.root / "opt/venv")]
        subprocess.run(command, check=True)
    elif "--require-hashes" in words and words[:3] == ["python", "-m", "pip"]:
        lock = Path(words[words.index("-r") + 1]).name
        assert (image.root / "locks" / lock).exists()
        link_packages(FOLDER / lock, image.root / "opt/venv")
    elif line.endswith("/opt/venv/bin/python uninstall --yes setuptools"):
        shutil.rmtree(next((image.root / "opt/venv/lib").glob("python*/site-packages/setuptools")))
    else:
        assert words[0] == "/opt/venv/bin/python", f"the replay does not know {line}"
        subprocess.run(
            image.mapped(line).split(),
            env=image.process_environment() | {"HOME": str(image.root)},
            cwd=image.root,
            check=True,
        )

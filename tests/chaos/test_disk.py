"""A disk that refuses, or is full, does so for a real process, and only until it is healed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .disk import Disk, LimitedDisk, MountedDisk, disk_at

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits other processes")

WRITES = """
import errno, pathlib, sys
for number, line in enumerate(sys.stdin):
    try:
        (pathlib.Path(sys.argv[1]) / str(number)).write_bytes(bytes(200_000))
        print("written", flush=True)
    except OSError as error:
        print(errno.errorcode[error.errno], flush=True)
"""


class Writer:
    """A process that writes a file whenever it is asked."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", WRITES, folder]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self) -> str:
        """What became of another file."""
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture(params=[disk_at, LimitedDisk], ids=["the best disk", "limits"])
def written(request, tmp_path) -> Iterator[tuple[Disk, Writer]]:
    """A disk, and who writes to it."""
    processes: list[int] = []
    disk = request.param(tmp_path / "data", lambda: processes)
    writer = Writer(tmp_path / "data")
    processes.append(writer.process.pid)
    with writer.process:
        yield disk, writer
        writer.process.stdin.close()
    disk.close()


def test_writes_are_refused_until_it_is_healed(written):
    disk, write = written
    assert write() == "written"

    assert disk.refuse()
    assert write() == ("EROFS" if isinstance(disk, MountedDisk) else "EFBIG")

    disk.heal()
    assert write() == "written"


def test_there_is_no_room_until_it_is_healed(written):
    disk, write = written
    assert write() == "written"

    assert disk.fill()
    assert write() == ("ENOSPC" if isinstance(disk, MountedDisk) else "EFBIG")

    disk.heal()
    assert write() == "written"

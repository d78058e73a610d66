"""The disk of lake and checkpoints: it can refuse writes, or be full, for real processes.

Where we may mount, it is a file system of its own that is made read-only or as small as what it
holds. Elsewhere the kernel limits how far landing's processes may write into a file.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

SIZE = "1g"
ROOM_BYTES = 64 * 1024
"""What a full disk still takes."""
FULL_FILE_BYTES = 4 * 1024
"""How long a file may become where a full disk is imitated."""


class Disk(Protocol):
    """What can be done to a disk; `heal` makes all good again."""

    def refuse(self) -> bool:
        """Let every write fail; whether that was possible just now."""

    def fill(self) -> bool:
        """Leave next to no room; whether that was possible just now."""

    def heal(self) -> None:
        """Take writes again."""

    def look(self) -> None:
        """Keep it so for processes that were started since."""

    def close(self) -> None:
        """Leave what it holds as plain files."""


class MountedDisk:
    """A file system in memory, mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        """Mount it.

        Raises:
            OSError: We may not.
        """
        self._folder = folder
        folder.mkdir(parents=True)
        if not _mount("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)):
            raise PermissionError(f"{folder} can't be mounted")

    def refuse(self) -> bool:
        """Make it read-only; the kernel lets us as soon as no file is open for writing."""
        return self._remount("ro")

    def fill(self) -> bool:
        """Make it as small as what it holds."""
        used = shutil.disk_usage(self._folder).used
        return self._remount(f"size={(used + ROOM_BYTES) // 1024}k")

    def heal(self) -> None:
        """Make it large and writable."""
        if not self._remount(f"rw,size={SIZE}"):
            raise PermissionError(f"{self._folder} can't be made writable again")

    def look(self) -> None:
        """All processes see the same disk."""

    def close(self) -> None:
        """Copy all to the disk below, for those who want to look at it."""
        kept = self._folder.with_name(f"{self._folder.name}.kept")
        shutil.copytree(self._folder, kept)
        subprocess.run(["umount", "--lazy", self._folder], check=True)
        self._folder.rmdir()
        kept.rename(self._folder)

    def _remount(self, options: str) -> bool:
        return _mount("-o", f"remount,{options}", str(self._folder))


class LimitedDisk:
    """A plain folder; limits of the writing processes stand for the disk's."""

    def __init__(self, folder: Path, writers: Callable[[], list[int]]) -> None:
        """`writers` says who writes to `folder`."""
        folder.mkdir(parents=True)
        self._writers = writers
        self._limit = resource.RLIM_INFINITY

    def refuse(self) -> bool:
        """No byte may be written."""
        return self._limited(0)

    def fill(self) -> bool:
        """Files end early."""
        return self._limited(FULL_FILE_BYTES)

    def heal(self) -> None:
        """Files may be as long as they like."""
        self._limited(resource.RLIM_INFINITY)

    def look(self) -> None:
        """Limit new processes too."""
        if self._limit != resource.RLIM_INFINITY:
            self._limited(self._limit)

    def close(self) -> None:
        """Nothing is left to do."""

    def _limited(self, most: int) -> bool:
        self._limit = most
        for pid in self._writers():
            with suppress(ProcessLookupError):
                hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))
        return True


def disk_at(folder: Path, writers: Callable[[], list[int]], *, may_mount: bool = True) -> Disk:
    """The best disk that we may make."""
    if may_mount and os.geteuid() == 0:
        with suppress(PermissionError):
            return MountedDisk(folder)
        folder.rmdir()
    return LimitedDisk(folder, writers)


def _mount(*options: str) -> bool:
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0

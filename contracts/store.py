"""The one door to the lake: every station reads and writes its files through here.

The operations are those that a bucket offers as well as a folder does: whole objects, a
conditional put, listing, deletion. Nothing relies on renaming.
"""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from contracts.errors import LakeError, UnavailableError

_MAKING_TRIES = 100


class Store(Protocol):
    """A tree of objects named by relative paths with `/`, such as `lake.py` makes them."""

    def url(self, path: str) -> str:
        """What an engine (Spark, DuckDB, polars) opens to read `path`."""

    def read(self, path: str) -> bytes:
        """The object's bytes.

        Raises:
            LakeError: There is no such object.
        """

    def exists(self, path: str) -> bool:
        """Whether the object stands."""

    def put(self, path: str, data: bytes) -> None:
        """Write the object whole: a reader sees the old bytes or the new ones, never a part."""

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write the object unless it stands; of several writers exactly one gets True."""

    def create(self, path: str) -> BinaryIO:
        """Open a new object for writing as a stream; closing it makes it stand."""

    def list(self, folder: str) -> Iterator[str]:
        """Paths of all objects below `folder`, in order; none if it does not exist."""

    def delete(self, path: str) -> None:
        """Remove the object, and folders that became empty; no error if it is gone."""


class FolderStore:
    """A store in a local folder."""

    def __init__(self, root: Path) -> None:
        """Use `root`, which need not exist yet."""
        self.root = root.absolute()

    def url(self, path: str) -> str:
        """The file's absolute path."""
        return str(self.root / path)

    def read(self, path: str) -> bytes:
        """The file's bytes.

        Raises:
            LakeError: There is no such file.
        """
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError as error:
            raise LakeError(f"the lake {self.root} has no {path}") from error

    def exists(self, path: str) -> bool:
        """Whether the file stands."""
        return (self.root / path).is_file()

    def put(self, path: str, data: bytes) -> None:
        """Write the file whole, replacing what stood there.

        Raises:
            UnavailableError: The disk is full, read-only or forbidden.
        """
        temporary = self._written_beside(path, data)
        temporary.replace(self.root / path)

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write the file unless it stands: a hard link is made by exactly one of many.

        Raises:
            UnavailableError: The disk is full, read-only or forbidden.
        """
        temporary = self._written_beside(path, data)
        try:
            os.link(temporary, self.root / path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        return True

    def create(self, path: str) -> BinaryIO:
        """Open a new file, making its folders.

        Raises:
            UnavailableError: The disk is full, read-only or forbidden.
        """
        target = self.root / path
        try:
            _make_folder(target.parent)
            return target.open("wb")
        except OSError as error:
            raise disk_error(error, target) from error

    def list(self, folder: str) -> Iterator[str]:
        """Paths of all files below `folder`, sorted; unfinished ones (`.tmp-…`) left out."""
        for here, folders, files in os.walk(self.root / folder):
            folders.sort()
            for name in sorted(files):
                if not name.startswith(".tmp-"):
                    yield (Path(here) / name).relative_to(self.root).as_posix()

    def delete(self, path: str) -> None:
        """Remove the file and the folders above it that became empty, up to the root."""
        target = self.root / path
        target.unlink(missing_ok=True)
        for folder in target.parents:
            if folder == self.root or not _removed_if_empty(folder):
                return

    def _written_beside(self, path: str, data: bytes) -> Path:
        """A finished temporary file in the folder of `path`, safe on disk."""
        target = self.root / path
        temporary = target.parent / f".tmp-{uuid.uuid4().hex}"
        try:
            _make_folder(target.parent)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise disk_error(error, target) from error
        return temporary


def open_store(lake: str) -> Store:
    """The store of a lake given as a folder.

    Raises:
        UnavailableError: `lake` names a scheme that is not supported.
    """
    if "://" in lake:
        raise UnavailableError(f"the lake {lake} is no folder; give a local folder")
    return FolderStore(Path(lake))


def disk_error(error: OSError, path: Path) -> UnavailableError:
    """`error` as a line that says what to do about `path`."""
    advice = {
        errno.ENOSPC: "the disk is full: make room",
        errno.EDQUOT: "the disk quota is used up: make room",
        errno.EROFS: "the disk is read-only: choose another folder (MUSICFLOW_HOME)",
        errno.EACCES: "writing is not permitted: change the folder's owner or choose another",
    }.get(error.errno or 0, str(error))
    return UnavailableError(f"cannot write {path}: {advice}")


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, while others may be removing empty ones (`delete`)."""
    for _ in range(_MAKING_TRIES):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileNotFoundError, FileExistsError):
            continue
        return
    folder.mkdir(parents=True, exist_ok=True)


def _removed_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True

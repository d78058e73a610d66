"""The one door to the lake: every station reads and writes its files through here.

The operations are those that a bucket offers as well as a folder does: whole objects, a
conditional put, listing, deletion. Nothing relies on renaming. The store in a folder is here,
that in a bucket in `buckets.py`.
"""

import errno
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from contracts.buckets import open_bucket_store
from contracts.errors import LakeError, UnavailableError
from contracts.new_file import NewFile

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_MAKING_TRIES = 100
_TEMPORARY = ".tmp-"


class Store(Protocol):
    """A tree of objects named by relative paths with `/`, such as `lake.py` makes them."""

    @property
    def filesystem(self) -> "AbstractFileSystem | None":
        """What an engine needs beside `url` to read (DuckDB registers it); None for a folder."""

    def url(self, path: str) -> str:
        """What an engine (Spark, DuckDB, polars) opens to read `path`."""

    def open(self, path: str) -> BinaryIO:
        """Open the object to read parts of it.

        Raises:
            LakeError: There is no such object.
        """

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

    def create(self, path: str) -> NewFile:
        """Open a new object for writing as a stream; closing it makes it stand."""

    def list(self, folder: str) -> Iterator[str]:
        """Paths of all objects below `folder`, sorted; none if it does not exist."""

    def delete(self, path: str) -> None:
        """Remove the object, and folders that became empty; no error if it is gone."""


class FolderFile(NewFile):
    """A file that is being written."""

    def __init__(self, path: Path) -> None:
        """Open `path`; what stood there is gone."""
        self._path = path
        self._file = path.open("wb")

    @property
    def closed(self) -> bool:
        """Whether it was closed or discarded."""
        return self._file.closed

    def write(self, data: bytes) -> int:
        """Add bytes.

        Raises:
            UnavailableError: The disk is full, or failed.
        """
        with self._disk_errors():
            return self._file.write(data)

    def tell(self) -> int:
        """How many bytes it has."""
        return self._file.tell()

    def flush(self) -> None:
        """Hand what waits to the disk."""
        with self._disk_errors():
            self._file.flush()

    def close(self) -> None:
        """Make it stand, safe from a power failure.

        Raises:
            UnavailableError: The disk is full, or failed.
        """
        if self.closed:
            return
        try:
            with self._disk_errors():
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
        finally:
            self.discard()

    def discard(self) -> None:
        """Let go of it as it is: whoever wrote it has noted its path."""
        with suppress(OSError):
            self._file.close()

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise disk_error(error, self._path) from error


class FolderStore:
    """A store in a local folder."""

    def __init__(self, root: Path) -> None:
        """Use `root`, which need not exist yet."""
        self.root = root.absolute()

    @property
    def filesystem(self) -> None:
        """Every engine reads files."""
        return

    def url(self, path: str) -> str:
        """The file's absolute path."""
        return str(self.root / path)

    def read(self, path: str) -> bytes:
        """The file's bytes.

        Raises:
            LakeError: There is no such file.
        """
        with self.open(path) as file:
            return file.read()

    def open(self, path: str) -> BinaryIO:
        """Open the file to read parts of it.

        Raises:
            LakeError: There is no such file.
        """
        try:
            return (self.root / path).open("rb")
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

    def create(self, path: str) -> NewFile:
        """Open a new file, making its folders.

        Raises:
            UnavailableError: The disk is full, read-only or forbidden.
        """
        target = self.root / path
        try:
            _make_folder(target.parent)
            return FolderFile(target)
        except OSError as error:
            raise disk_error(error, target) from error

    def list(self, folder: str) -> Iterator[str]:
        """Paths of all files below `folder`, sorted; unfinished ones (`.tmp-…`) left out."""
        for path in _files_below(self.root / folder):
            if not path.name.startswith(_TEMPORARY):
                yield path.relative_to(self.root).as_posix()

    def delete(self, path: str) -> None:
        """Remove the file and the folders above it that became empty, up to the root."""
        target = self.root / path
        target.unlink(missing_ok=True)
        for folder in target.parents:
            if folder == self.root or not _removed_if_empty(folder):
                return

    def remove_unfinished(self, older: timedelta) -> int:
        """Remove what killed writers of whole files have left; how many younger ones stand."""
        younger, oldest = 0, time.time() - older.total_seconds()
        for path in _files_below(self.root):
            if not path.name.startswith(_TEMPORARY):
                continue
            with suppress(FileNotFoundError):
                if path.stat().st_mtime > oldest:
                    younger += 1
                else:
                    path.unlink()
        return younger

    def _written_beside(self, path: str, data: bytes) -> Path:
        """A finished temporary file in the folder of `path`, safe on disk."""
        target = self.root / path
        temporary = target.parent / f"{_TEMPORARY}{uuid.uuid4().hex}"
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
    """The store of a lake given as a folder, `gs://bucket/folder` or `s3://bucket/folder`.

    Raises:
        ConfigurationError: `lake` names a scheme that is not supported, or no bucket; or what
            its buckets need is not installed.
    """
    if "://" in lake:
        return open_bucket_store(lake)
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


def _files_below(folder: Path) -> Iterator[Path]:
    """Files in the order of their paths, as a bucket lists its objects."""
    try:
        with os.scandir(folder) as entries:
            found = {each.name + "/" * each.is_dir(): Path(each.path) for each in entries}
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in sorted(found):
        if name.endswith("/"):
            yield from _files_below(found[name])
        else:
            yield found[name]


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

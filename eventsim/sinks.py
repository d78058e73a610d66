"""Where messages go: files, one a topic, or Kafka (`kafka.py`)."""

import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from contracts.store import disk_error
from eventsim.faults import Extra, Outgoing

Packing = Literal["gzip", "zstd"]
Compression = Literal["none"] | Packing
SUFFIXES: dict[Packing, str] = {"gzip": ".gz", "zstd": ".zst"}
SETTLED_BYTES = 64 * 1024 * 1024
"""A file is put safely on disk, and out of memory, in pieces of this size."""


class Sink(Protocol):
    """Takes chunks of messages; `close` returns when all of them are safe."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Messages by topic that were too large to be taken."""

    def write(self, outgoing: Outgoing) -> None:
        """Take a chunk."""

    def write_extras(self, topic: str, extras: list[Extra]) -> None:
        """Take messages by themselves."""

    def flush(self) -> None:
        """Return when all that was taken is safe.

        Raises:
            UnavailableError: It cannot be.
        """

    def close(self) -> None:
        """Finish.

        Raises:
            UnavailableError: Not all that was taken could be written.
        """


class FileSink:
    """NDJSON files, `<folder>/<topic>.json`, one message a line."""

    def __init__(
        self,
        folder: Path,
        topics: tuple[str, ...],
        compression: Compression = "none",
        *,
        append: bool = False,
    ) -> None:
        """Begin a file for each topic, empty unless `append` is set.

        Raises:
            UnavailableError: The folder cannot be written.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {
                topic: _opened(folder / f"{topic}.json", compression, append=append)
                for topic in topics
            }
        except OSError as error:
            raise disk_error(error, folder) from error

    @property
    def refused(self) -> Mapping[str, int]:
        """None: a file takes any message."""
        return {}

    def write(self, outgoing: Outgoing) -> None:
        """Append a chunk.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        lines = outgoing.messages.lines
        file = self._files[outgoing.messages.topic]
        try:
            for begin, end, extra in outgoing.parts():
                file.write(lines.data[int(lines.bounds[begin]) : int(lines.bounds[end])])
                if extra is not None:
                    file.write(memoryview(extra.payload + b"\n"))
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def write_extras(self, topic: str, extras: list[Extra]) -> None:
        """Append messages.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        try:
            for extra in extras:
                self._files[topic].write(memoryview(extra.payload + b"\n"))
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def flush(self) -> None:
        """Nothing is kept back: what was written is in the files."""

    def close(self) -> None:
        """Close the files.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        try:
            for file in self._files.values():
                file.close()
        except OSError as error:
            raise disk_error(error, self._folder) from error


class TopicFile(Protocol):
    """What a topic's messages are written to."""

    def write(self, data: memoryview) -> None:
        """Append."""

    def close(self) -> None:
        """Finish."""


class PackedFile:
    """A file that is compressed on the way."""

    def __init__(self, path: Path, codec: Packing, *, append: bool) -> None:
        """Begin the file, or a new part of it.

        Raises:
            OSError: It cannot be written.
        """
        self._file = path.open("ab" if append else "wb")
        self._stream = pa.CompressedOutputStream(self._file, codec)

    def write(self, data: memoryview) -> None:
        """Append.

        Raises:
            OSError: The disk is full or has gone.
        """
        self._stream.write(data)

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: Something of it could not be written.
        """
        self._stream.close()
        self._file.close()


class SteadyFile:
    """A large file that is written once and not read back.

    What was written is settled piece by piece: put on disk, and its memory given back. Otherwise
    gigabytes pile up in the system's cache, and finding fresh memory for them costs more time
    than all the simulating.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        """Begin the file.

        Raises:
            OSError: It cannot be written.
        """
        self._file = FileIO(path, "a" if append else "w")
        self._settles = path.is_file() and hasattr(os, "posix_fadvise")
        self._settler = ThreadPoolExecutor(1)
        self._settling: Future[None] | None = None
        self._settled = self._written = self._file.tell()

    def write(self, data: memoryview) -> None:
        """Append.

        Raises:
            OSError: The disk is full or has gone.
        """
        while data:  # a raw file may take less than it is given
            taken = self._file.write(data) or 0
            self._written += taken
            data = data[taken:]
        if self._settles and self._written - self._settled >= SETTLED_BYTES:
            self._wait()
            begin, self._settled = self._settled, self._written
            self._settling = self._settler.submit(_settle, self._file, begin, self._written)

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: Something of it could not be written.
        """
        self._wait()
        self._settler.shutdown()
        self._file.close()

    def _wait(self) -> None:
        if self._settling is not None:
            self._settling.result()


def _opened(path: Path, compression: Compression, *, append: bool) -> TopicFile:
    if compression == "none":
        return SteadyFile(path, append=append)
    path = path.with_name(path.name + SUFFIXES[compression])
    return PackedFile(path, compression, append=append)


def _settle(file: FileIO, begin: int, end: int) -> None:
    os.fdatasync(file.fileno())
    os.posix_fadvise(file.fileno(), begin, end - begin, os.POSIX_FADV_DONTNEED)

"""The files that messages are written to: large ones fast, live ones at once, packed ones small."""

import errno
import fcntl
import mmap
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

Packing = Literal["gzip", "zstd"]
Compression = Literal["none"] | Packing
Format = Literal["ndjson", "csv", "parquet"]
SUFFIXES: dict[Packing, str] = {"gzip": ".gz", "zstd": ".zst"}
BUFFER_BYTES = 8 * 1024 * 1024
"""What a bulk file is given at once: a multiple of any disk's block."""
BUFFERS = 3
"""Of a file: one is filled, one is being written, one is free."""
PAST_THE_CACHE = getattr(os, "O_DIRECT", 0)
"""The flag for writing without the system's cache, where there is such a thing."""


class TopicFile(Protocol):
    """What a topic's messages are written to."""

    def write(self, data: memoryview) -> None:
        """Append."""

    def flush(self) -> None:
        """See to it that what was written can be read, whatever happens from now on."""

    def close(self) -> None:
        """Finish."""


class LiveFile:
    """A file in which each message can be seen as soon as it is written."""

    def __init__(self, path: Path, *, append: bool) -> None:
        """Begin the file, or go on behind what it has.

        Raises:
            OSError: It cannot be written.
        """
        self._file = FileIO(path, "a" if append else "w")

    def write(self, data: memoryview) -> None:
        """Append.

        Raises:
            OSError: The disk is full or has gone.
        """
        while data:  # a raw file may take less than it is given
            data = data[self._file.write(data) or 0 :]

    def flush(self) -> None:
        """Nothing to do: all can be read at once."""

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: Something of it could not be written.
        """
        self._file.close()


class BulkFile:
    """A large file that is written in one go and not read back.

    It goes past the system's cache where the disk allows that: gigabytes that nobody reads would
    pile up there, and finding fresh memory for them costs more time than all the simulating.
    Some buffers are written while another is filled.
    """

    def __init__(self, path: Path) -> None:
        """Begin the file, empty.

        Raises:
            OSError: It cannot be written.
        """
        self._file = _opened_for_bulk(path)
        self._free = [_buffer() for _ in range(BUFFERS)]
        self._filling, self._filled = self._free.pop(), 0
        self._writer = ThreadPoolExecutor(1)
        self._written: deque[Future[memoryview]] = deque()

    def write(self, data: memoryview) -> None:
        """Append.

        Raises:
            OSError: The disk is full or has gone.
        """
        data = data.cast("B")
        while data:
            fits = min(len(data), BUFFER_BYTES - self._filled)
            self._filling[self._filled : self._filled + fits] = data[:fits]
            self._filled += fits
            data = data[fits:]
            if self._filled == BUFFER_BYTES:
                self._written.append(self._writer.submit(_write_whole, self._file, self._filling))
                self._filling, self._filled = self._free_buffer(), 0

    def flush(self) -> None:
        """Nothing to do: these files are not gone on with."""

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: Something of it could not be written.
        """
        try:
            while self._written:
                self._written.popleft().result()
            _through_the_cache(self._file)  # the rest is no whole number of blocks
            _write_whole(self._file, self._filling[: self._filled])
        finally:
            self._writer.shutdown()
            os.close(self._file)

    def _free_buffer(self) -> memoryview:
        """One that was never filled, or the one that has been on its way to the disk longest."""
        return self._free.pop() if self._free else self._written.popleft().result()


class PackedFile:
    """A file that is compressed on the way; each time it is flushed, a part of it ends."""

    def __init__(self, path: Path, codec: Packing, *, append: bool) -> None:
        """Begin the file, or a new part of it.

        Raises:
            OSError: It cannot be written.
        """
        self._path, self._codec = path, codec
        self._file = path.open("ab" if append else "wb")
        self._part: pa.CompressedOutputStream | None = pa.CompressedOutputStream(self._file, codec)

    def write(self, data: memoryview) -> None:
        """Append.

        Raises:
            OSError: The disk is full or has gone.
        """
        if self._part is None:
            self._file = self._path.open("ab")
            self._part = pa.CompressedOutputStream(self._file, self._codec)
        self._part.write(data)

    def flush(self) -> None:
        """End this part.

        Raises:
            OSError: Something of it could not be written.
        """
        if self._part is not None:
            self._part.close()
            self._file.close()
            self._part = None

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: Something of it could not be written.
        """
        self.flush()


def opened(path: Path, compression: Compression, *, live: bool, append: bool) -> TopicFile:
    """Begin a file.

    Args:
        path: Where; compressed ones get their suffix behind.
        compression: How to pack it.
        live: Whether each message should be seen at once.
        append: Whether to go on behind what is there; only of use if `live`.

    Raises:
        OSError: It cannot be written.
    """
    if compression != "none":
        path = path.with_name(path.name + SUFFIXES[compression])
        return PackedFile(path, compression, append=append)
    return LiveFile(path, append=append) if live else BulkFile(path)


def _buffer() -> memoryview:
    """Memory that begins at a page, as writing past the cache demands.

    Of large pages where there are any: the system looks at each page that the disk is to read.
    """
    memory = mmap.mmap(-1, BUFFER_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system that was built without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)


def _opened_for_bulk(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        return os.open(path, flags | PAST_THE_CACHE, 0o666)
    except OSError as error:
        if error.errno != errno.EINVAL:  # which says: not past the cache, here
            raise
        return os.open(path, flags, 0o666)


def _write_whole(file: int, buffer: memoryview) -> memoryview:
    """Write all of it; gives the buffer back."""
    data = buffer
    while data:
        try:
            data = data[os.write(file, data) :]
        except OSError as error:
            if error.errno != errno.EINVAL or not _through_the_cache(file):
                raise
    return buffer


def _through_the_cache(file: int) -> bool:
    """Write like any other file from now on; whether that is something new."""
    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    fcntl.fcntl(file, fcntl.F_SETFL, flags & ~PAST_THE_CACHE)
    return bool(flags & PAST_THE_CACHE)

"""Opening files: plain or packed, by block, and what their content hashes to."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from contracts.errors import ConfigurationError

BLOCK_BYTES = 8 * 2**20
LONGEST_LINE = 64 * 2**20
"""A file with a longer one is no file of events."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_HASHED_AT_ONCE = 2**20


def content_hash(path: Path, *more: str) -> str:
    """What stands for the bytes of a file, and for how they are to be read.

    Raises:
        ConfigurationError: The file can't be read.
    """
    hashed = hashlib.blake2b("\0".join(more).encode(), digest_size=16)
    with problems_told(path), path.open("rb") as file:
        while block := file.read(_HASHED_AT_ONCE):
            hashed.update(block)
    return hashed.hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's content, unpacked if its first bytes say that it is packed.

    Raises:
        ConfigurationError: It can't be read, or is packed and broken.
    """
    with problems_told(path), path.open("rb") as file:
        begin = file.read(len(ZSTD))
        file.seek(0)
        if begin.startswith(GZIP):
            with gzip.open(file) as unpacked:
                yield cast("BinaryIO", unpacked)
        elif begin == ZSTD:
            stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
            yield io.BufferedReader(cast("io.RawIOBase", stream))
        else:
            yield file


@contextmanager
def problems_told(path: Path) -> Iterator[None]:
    """Errors of reading as one of ours.

    Raises:
        ConfigurationError: The file can't be read, or is packed and broken.
    """
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ConfigurationError(f"{path} can't be read: {reason}") from error


def blocks(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The file's blocks, and of each whether it is the last; one at least."""
    block, is_last = file.read(BLOCK_BYTES), False
    while not is_last:
        following = file.read(BLOCK_BYTES) if block else b""
        is_last = not following
        yield block, is_last
        block = following

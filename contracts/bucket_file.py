"""A file of a bucket while it is written: sent in blocks, standing when the last has arrived."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

from contracts.errors import MusicFlowError
from contracts.new_file import NewFile

BLOCK_BYTES = 16 * 2**20
"""What a file keeps in memory before it sends it off; a smaller one is sent whole."""


class BucketFile(NewFile):
    """An object that is being sent."""

    def __init__(self, inner: Any, errors: Callable[[], AbstractContextManager[None]]) -> None:
        """Write to `inner`, a file of fsspec; `errors` tells what goes wrong."""
        self._inner = inner
        self._errors = errors
        self._size = 0

    @property
    def closed(self) -> bool:
        """Whether it was closed or discarded."""
        return bool(self._inner.closed)

    def write(self, data: bytes) -> int:
        """Add bytes; whole blocks are sent, which is what object stores ask for.

        Raises:
            MusicFlowError: The bucket can't be written; the message says what to do.
        """
        left = memoryview(data).cast("B")
        with self._errors():
            while left:
                room = BLOCK_BYTES - self._size % BLOCK_BYTES
                self._size += self._inner.write(left[:room])
                left = left[room:]
        return len(memoryview(data).cast("B"))

    def tell(self) -> int:
        """How many bytes it has."""
        return self._size

    def close(self) -> None:
        """Send the rest; from here on the object stands.

        Raises:
            MusicFlowError: The bucket can't be written; the message says what to do.
        """
        if self.closed:
            return
        try:
            with self._errors():
                self._inner.close()
        except MusicFlowError:
            self._forget()
            raise

    def discard(self) -> None:
        """Let go of it: nothing stands."""
        if not self.closed:
            self._forget()

    def __del__(self) -> None:
        """Without this what was neither closed nor discarded would be sent, and stand."""
        self._inner.closed = True

    def _forget(self) -> None:
        with suppress(MusicFlowError), self._errors():
            self._inner.discard()
        self._inner.closed = True

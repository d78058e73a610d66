"""Where messages go: files, one a topic, or Kafka (`kafka.py`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from contracts.store import disk_error
from eventsim.faults import Extra, Outgoing
from eventsim.files import Compression, opened


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
        live: bool = False,
        append: bool = False,
    ) -> None:
        """Begin a file for each topic, empty unless `append` is set.

        Only with `live` can a message be seen at once.

        Raises:
            UnavailableError: The folder cannot be written.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {
                topic: opened(folder / f"{topic}.json", compression, live=live, append=append)
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
        """Return when all that was taken can be read.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        try:
            for file in self._files.values():
                file.flush()
        except OSError as error:
            raise disk_error(error, self._folder) from error

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

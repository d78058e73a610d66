"""Where messages go: files, one a topic, or Kafka."""

from io import FileIO
from pathlib import Path
from typing import Protocol

from contracts.store import disk_error
from eventsim.faults import Extra
from eventsim.topics import Messages


class Sink(Protocol):
    """Takes chunks of messages; `close` returns when all of them are safe."""

    def write(self, messages: Messages, extras: list[Extra]) -> None:
        """Take a chunk, and the messages that follow some of its rows."""

    def close(self) -> None:
        """Finish.

        Raises:
            UnavailableError: Not all that was taken could be written.
        """


class FileSink:
    """NDJSON files, `<folder>/<topic>.json`, one message a line."""

    def __init__(self, folder: Path, topics: tuple[str, ...]) -> None:
        """Begin an empty file for each topic.

        Raises:
            UnavailableError: The folder cannot be written.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {topic: FileIO(folder / f"{topic}.json", "w") for topic in topics}
        except OSError as error:
            raise disk_error(error, folder) from error

    def write(self, messages: Messages, extras: list[Extra]) -> None:
        """Append a chunk.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        file, data = self._files[messages.topic], messages.lines.data
        try:
            begin = 0
            for extra in extras:
                end = int(messages.lines.bounds[extra.after + 1])
                _write_all(file, data[begin:end])
                _write_all(file, memoryview(extra.payload + b"\n"))
                begin = end
            _write_all(file, data[begin:])
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


def _write_all(file: FileIO, data: memoryview) -> None:
    """A raw file may take less than it is given."""
    while data:
        data = data[file.write(data) or 0 :]

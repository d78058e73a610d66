"""Which rows of a file name a user: by a column, or by what a reject holds."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from contracts.events import Event
from contracts.lake import is_of_rejects
from contracts.store import Store
from streaming.batch.again import AsMessages, as_messages
from streaming.batch.file_record import read_record
from streaming.batch.part import record_names
from streaming.erase.rewriting import Clean
from streaming.suppress import Among, Cleaned, Forgotten, without_rows

COLUMNS = ["user_id", "unknown_fields"]
PAYLOAD = ["payload"]


@dataclass(frozen=True, slots=True)
class User:
    """Who is erased; the id is never shown."""

    id: int = field(repr=False)
    hash: str
    number: int
    """Of the entry in the suppression list."""

    def among(self, user_ids: Iterable[int]) -> set[int]:
        """The user, if among these."""
        return {self.id} & set(user_ids)


def both(first: Clean, then: Clean) -> Clean:
    """Takes out what `first` does, and tells what `then` takes out of the rest."""
    return lambda rows: then(first(rows).rows)


class Finder:
    """Finds rows of users in the files of one event."""

    def __init__(self, store: Store, event: Event, longest: int) -> None:
        """Read what rejects of batch files are from `store`; `longest` is a message at most."""
        self._store = store
        self._event = event
        self._longest = longest
        self._readers: dict[str, AsMessages | None] = {}

    def columns(self, path: str) -> list[str]:
        """Columns that tell whose a row is."""
        return PAYLOAD if is_of_rejects(path) else COLUMNS

    def clean(self, path: str, content: str, among: Among) -> Clean:
        """What takes the users that `among` knows out of the rows of a file.

        `content` is the hash of the batch file that the rows came from, if they did.
        """
        forgotten = Forgotten(among)
        if not is_of_rejects(path):
            return forgotten.accepted
        as_messages_of = self._reader(content) if content else None
        if as_messages_of is None:
            return forgotten.rejects

        def cells(rows: pa.Table) -> Cleaned:
            payloads = [each or b"" for each in rows["payload"].to_pylist()]
            messages = as_messages_of(payloads)
            gone = record_names(
                forgotten, payloads, messages.is_null().to_numpy(zero_copy_only=False)
            )
            return without_rows(rows, gone | forgotten.payloads(messages.to_pylist()))

        return cells

    def _reader(self, content: str) -> AsMessages | None:
        """What makes messages of records of a table; records of other files name their fields."""
        if content not in self._readers:
            is_table = read_record(self._store, self._event.name, content).form == "csv"
            self._readers[content] = (
                as_messages(self._store, self._event, content, self._longest) if is_table else None
            )
        return self._readers[content]

"""What was read a moment ago, shared by all who look at it."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from contracts.errors import MusicFlowError

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[Read]):
    at: float
    read: Read | None
    error: MusicFlowError | None


class Recent(Generic[Read]):
    """Reads at most once in so many `seconds` for each key, whether it worked or not.

    A server that is away is thus asked by one reader, not by all in turn. Use it with few keys.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._outcomes: dict[Hashable, _Outcome[Read]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, read: Callable[[], Read]) -> Read:
        """What was read of `key` lately, or is now.

        Raises:
            MusicFlowError: It could not be read.
        """
        with self._lock:
            found = self._outcomes.get(key)
            if found is None or self._clock() - found.at > self._seconds:
                found = self._outcomes[key] = self._outcome(read)
        if found.error:
            raise found.error
        return found.read  # type: ignore[return-value]  # there is one where there is no error

    def _outcome(self, read: Callable[[], Read]) -> _Outcome[Read]:
        try:
            value = read()
        except MusicFlowError as error:
            return _Outcome(self._clock(), None, error.with_traceback(None))
        return _Outcome(self._clock(), value, None)

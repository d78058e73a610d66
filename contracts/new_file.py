"""Files of a store while they are written, wherever it is."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class NewFile(ABC):
    """An object that is being written: it stands once it is closed, and not if it is discarded."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it was closed or discarded."""

    @abstractmethod
    def write(self, data: bytes) -> int:
        """Add bytes; answers how many."""

    @abstractmethod
    def tell(self) -> int:
        """How many bytes it has."""

    @abstractmethod
    def close(self) -> None:
        """Make it stand, safe from a power failure; no error if it is closed."""

    @abstractmethod
    def discard(self) -> None:
        """Let go of it; of a folder's file a part may be left. No error if it is closed."""

    def flush(self) -> None:  # noqa: B027  most have nothing to do
        """Nothing is promised before it is closed."""

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it, or discard it after an error."""
        if kind is None:
            self.close()
        else:
            self.discard()

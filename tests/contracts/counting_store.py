"""A store that tells how much it was asked."""

from collections.abc import Iterator

from contracts.store import FolderStore


class CountingStore(FolderStore):
    """A store that counts what it is asked."""

    asked = 0

    def exists(self, path: str) -> bool:
        self.asked += 1
        return super().exists(path)

    def read(self, path: str) -> bytes:
        self.asked += 1
        return super().read(path)

    def list(self, folder: str) -> Iterator[str]:
        self.asked += 1
        return super().list(folder)

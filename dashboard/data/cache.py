"""Results that were asked for lately, kept within a bound of memory."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import polars as pl

MOST_BYTES = 128_000_000


class FrameCache:
    """The frames last used, at most `most_bytes` together; safe to share between sessions."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.held_bytes = 0
        self._frames: OrderedDict[Hashable, pl.DataFrame] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The frame of `key`, made if it isn't here; a frame is never changed by its readers."""
        with self._lock:
            if key in self._frames:
                self._frames.move_to_end(key)
                return self._frames[key]
        frame = make()
        with self._lock:
            self._keep(key, frame)
        return frame

    def _keep(self, key: Hashable, frame: pl.DataFrame) -> None:
        if key in self._frames or frame.estimated_size() > self.most_bytes // 4:
            return
        self._frames[key] = frame
        self.held_bytes += int(frame.estimated_size())
        while self.held_bytes > self.most_bytes:
            _, dropped = self._frames.popitem(last=False)
            self.held_bytes -= int(dropped.estimated_size())

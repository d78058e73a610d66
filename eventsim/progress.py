"""How far a run has come: a line on a terminal, nothing elsewhere."""

import time
from datetime import UTC, datetime
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

LIVE = 86_400
"""Seconds behind the clock up to which the distance is worth telling."""
EVERY = 0.2
"""Seconds between two updates of the line."""


class Progress:
    """Shows simulated time, messages, their rate and the distance to the clock."""

    def __init__(self) -> None:
        """Show on standard error, if that is a terminal, while entered."""
        self._began = self._shown = time.monotonic()
        self._simulated = self._messages = 0
        self._live: Live | None = None

    def __enter__(self) -> Self:
        console = Console(stderr=True)
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last line standing."""
        if self._live is not None:
            self._live.update(self._line(), refresh=True)
            self._live.stop()

    def show(self, simulated: int, messages: int) -> None:
        """Say that all before `simulated` (epoch seconds) has been handed on."""
        self._simulated, self._messages = simulated, messages
        now = time.monotonic()
        if self._live is not None and now - self._shown >= EVERY:
            self._shown = now
            self._live.update(self._line(), refresh=True)

    def _line(self) -> Text:
        at = datetime.fromtimestamp(self._simulated, UTC)
        rate = self._messages / max(time.monotonic() - self._began, 1e-9)
        line = f"{at:%Y-%m-%d %H:%M:%S} UTC   {self._messages:,} messages   {rate:,.0f}/s"
        behind = int(time.time()) - self._simulated
        return Text(f"{line}   {behind:,} s behind the clock" if 0 <= behind < LIVE else line)

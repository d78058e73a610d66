"""How far a run has come: a line on a terminal, nothing elsewhere."""

import time
from datetime import UTC, datetime
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

EVERY = 0.2
"""Seconds between two updates of the line."""


class Progress:
    """Shows simulated time, messages, their rate and the distance to the clock."""

    def __init__(self) -> None:
        """Show on standard error, if that is a terminal, while entered."""
        self._began = self._shown = time.monotonic()
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
            self._live.stop()

    def show(self, simulated: int, messages: int) -> None:
        """Say that all before `simulated` (epoch seconds) has been handed on."""
        now = time.monotonic()
        if self._live is None or now - self._shown < EVERY:
            return
        self._shown = now
        at = datetime.fromtimestamp(simulated, UTC)
        behind = max(0, int(time.time()) - simulated)
        rate = messages / max(now - self._began, 1e-9)
        self._live.update(
            Text(
                f"{at:%Y-%m-%d %H:%M:%S} UTC   {messages:,} messages   {rate:,.0f}/s   "
                f"{behind:,} s behind the clock"
            ),
            refresh=True,
        )

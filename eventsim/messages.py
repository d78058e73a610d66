"""What a message is: the codes of what happened. How it is written is left to who writes it.

As text (`texts.py`), a line of JSON each; as columns (`columns.py`), for Parquet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from eventsim.fragments import Lines
from eventsim.listeners import Listeners
from eventsim.sessions import Requests
from eventsim.simulation import PlayerActions


@dataclass(frozen=True)  # without slots: the lines are kept once they are asked for
class Messages:
    """A chunk of one topic's messages, in order of time."""

    topic: str
    rows: Requests | PlayerActions
    """What happened, a row a message."""
    listeners: Listeners
    """Those whose rows are named, as they are now."""
    position: npt.NDArray[np.int64]
    """With topic and session, what tells each message from all others."""
    key: npt.NDArray[np.int64]
    """The user's id, or the session's where the user is not shown."""
    written: Callable[[], Lines]
    """Makes the lines."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def at(self) -> npt.NDArray[np.int64]:
        """When each happened, epoch seconds."""
        return self.rows.at

    @property
    def session(self) -> npt.NDArray[np.int64]:
        """The session of each."""
        return self.rows.session

    @cached_property
    def lines(self) -> Lines:
        """Each message as JSON; made when first asked for, as not all who write want text."""
        return self.written()

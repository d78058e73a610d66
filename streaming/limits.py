"""What the operator may set about judging, and the times that follow from it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from contracts.expiry import Expiry

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted beyond the contract; the same on every worker, so it must pickle."""

    max_event_bytes: int
    """A longer message is rejected without being parsed."""
    oldest: datetime
    """The oldest accepted event, UTC: the start of the first hourly partition."""
    future_skew: timedelta
    """How far an event may lie after the batch's own time, for clocks that run ahead."""

    def beside(self, expiry: Expiry | None) -> "Limits":
        """The limits for a lake of which something has expired: no hour comes back."""
        if expiry is None or expiry.before <= self.oldest:
            return self
        return replace(self, oldest=expiry.before)


@dataclass(frozen=True, slots=True)
class Window:
    """The event times a batch accepts, both inclusive, in epoch milliseconds."""

    first: int
    last: int

    @classmethod
    def of(cls, limits: Limits, batch_at: datetime) -> "Window":
        """The window of a batch that Spark recorded at `batch_at` (UTC).

        >>> limits = Limits(1, EPOCH + timedelta(microseconds=1), timedelta(seconds=1))
        >>> Window.of(limits, EPOCH + timedelta(seconds=2, microseconds=1))
        Window(first=1, last=3000)
        """
        return cls(
            first=-((EPOCH - limits.oldest) // MILLISECOND),
            last=(batch_at + limits.future_skew - EPOCH) // MILLISECOND,
        )

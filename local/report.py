"""What a run of the demo comes to: counts per topic, from station to station (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class TopicCounts:
    """One topic's messages, hop by hop.

    `produced` are messages that Kafka acknowledged; `rejected` counts by first reason;
    `duplicates` are accepted rows whose identity `raw` already holds; `waiting` ones lie in hours
    that are not complete yet.
    """

    produced: int
    accepted: int
    rejected: Mapping[str, int]
    duplicates: int
    raw: int
    waiting: int = 0

    @property
    def rejects(self) -> int:
        """Rejected messages, whatever the reason."""
        return sum(self.rejected.values())

    @property
    def reconciled(self) -> bool:
        """Whether each message is accounted for, once."""
        return (
            self.produced == self.accepted + self.rejects
            and self.accepted == self.raw + self.duplicates + self.waiting
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The whole run: `hours_reconciled` says that every hour's equations hold as well."""

    topics: Mapping[str, TopicCounts]
    facts: Mapping[str, int]
    hours: int
    hours_reconciled: bool
    top_songs: Sequence[tuple[str, str, int]] = ()
    """(song, artist, plays), most played first."""
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def reconciled(self) -> bool:
        """Whether no event was lost or doubled, in any topic, at any hop, in any hour."""
        return (
            self.hours_reconciled
            and all(counts.reconciled for counts in self.topics.values())
            and self.facts["fct_streams"] == self.topics["listen_events"].raw
        )

    def as_json(self) -> dict[str, object]:
        """What `report.json` holds."""
        return {
            "topics": {name: asdict(counts) for name, counts in self.topics.items()},
            "facts": dict(self.facts),
            "hours": self.hours,
            "reconciled": self.reconciled,
            "seconds": {stage: round(value, 1) for stage, value in self.seconds.items()},
        }

"""What an operator can set, by environment variable or option; read once, in `main`."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.errors import ConfigurationError
from contracts.kafka_security import KafkaSecurity
from contracts.postgres import PostgresUrl
from contracts.secret_files import secret
from contracts.suppression import KEY, SuppressionKey
from contracts.webhook import Webhook
from streaming.alerts import Rules
from streaming.limits import Limits

_UNITS = {"second": 1, "minute": 60, "hour": 3600}
_INTERVAL = re.compile(r"(\d+) (second|minute|hour)s?")


LOOKS_PER_TRIGGER = 60
"""So many times finer than the trigger is the time after which a batch can begin."""


def interval_seconds(written: str) -> int:
    """Seconds of a trigger such as `120 seconds` or `1 minute`.

    >>> interval_seconds("2 minutes")
    120

    Raises:
        ValueError: It is not written so, or is zero.
    """
    found = _INTERVAL.fullmatch(written)
    if not found or int(found[1]) == 0:
        raise ValueError("write it as `120 seconds`, `2 minutes` or `1 hour`")
    return int(found[1]) * _UNITS[found[2]]


def _interval(written: str) -> str:
    interval_seconds(written)
    return written


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class CommonSettings(BaseSettings):
    """Where things are kept, and where Kafka is."""

    # Fields have the names of their variables alone: `home` would be filled from HOME otherwise.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(Path(".musicflow"), validation_alias="MUSICFLOW_HOME")
    cache_folder: Path | None = Field(None, validation_alias="MUSICFLOW_CACHE")
    kafka: str | None = Field(None, validation_alias="KAFKA_BOOTSTRAP_SERVERS", min_length=1)
    """Addresses of an existing cluster; None: the local broker."""
    # Private, so that no value of it is ever in a validation error.
    _security: KafkaSecurity = PrivateAttr(default_factory=lambda: KafkaSecurity.read(os.environ))

    @classmethod
    def read(cls, **options: Any) -> Self:
        """The settings: the options that were given, then the environment, then defaults.

        Raises:
            ConfigurationError: A value is not of its kind; the message names the setting. Or
                a secured cluster is meant, and not named.
        """
        try:
            settings = cls(**cls._by_variable(options))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigurationError(
                f"{where} can't be {first['input']!r}: {first['msg']}"
            ) from error
        if settings.kafka is None and settings.security != KafkaSecurity():
            raise ConfigurationError(
                "KAFKA_SECURITY_PROTOCOL is for a cluster of yours: name it in "
                "KAFKA_BOOTSTRAP_SERVERS, or unset both"
            )
        return settings

    @classmethod
    def _by_variable(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options by the names of their variables; without those that were not given."""
        fields = cls.model_fields
        return {
            str(fields[name].validation_alias): value
            for name, value in options.items()
            if value is not None
        }

    @property
    def security(self) -> KafkaSecurity:
        """What the cluster asks for before it lets us in."""
        return self._security

    @property
    def cache(self) -> Path:
        """Folder of what is downloaded once and can always be downloaded again."""
        return (self.cache_folder or self.home / "cache").absolute()

    @property
    def broker_home(self) -> Path:
        """Folder of the local broker's data, log and address."""
        return (self.home / "kafka").absolute()


class BrokerSettings(CommonSettings):
    """How the local broker is run."""

    port: int = Field(9092, ge=0, le=65535, validation_alias="MUSICFLOW_KAFKA_PORT")
    """0: any free one."""
    partitions: int = Field(4, ge=1, le=1000, validation_alias="MUSICFLOW_TOPIC_PARTITIONS")


class LandingSettings(CommonSettings):
    """How landing is run."""

    lake_folder: str | None = Field(None, min_length=1, validation_alias="MUSICFLOW_LAKE")
    checkpoints_folder: str | None = Field(
        None, min_length=1, validation_alias="MUSICFLOW_CHECKPOINTS"
    )
    trigger: Annotated[str, AfterValidator(_interval)] = Field(
        "120 seconds", validation_alias="MUSICFLOW_TRIGGER"
    )
    # A worker that dies is replaced once; its second attempt writes to files of its own.
    master: str = Field("local[*,2]", min_length=1, validation_alias="MUSICFLOW_SPARK_MASTER")
    driver_memory: str = Field(
        "1g", pattern=r"^\d+[mg]$", validation_alias="MUSICFLOW_SPARK_MEMORY"
    )
    max_offsets_per_trigger: int = Field(
        2_000_000, ge=1, validation_alias="MUSICFLOW_MAX_OFFSETS_PER_TRIGGER"
    )
    """Messages of one topic that one batch takes at most."""
    start: Annotated[datetime, AfterValidator(_utc)] = Field(
        datetime(2024, 1, 1, tzinfo=UTC), validation_alias="MUSICFLOW_START"
    )
    """The oldest accepted event: the start of the first hourly partition."""
    future_skew_seconds: int = Field(300, ge=0, validation_alias="MUSICFLOW_FUTURE_SKEW_SECONDS")
    max_event_bytes: int = Field(262_144, ge=1, validation_alias="MUSICFLOW_MAX_EVENT_BYTES")
    kafka_patience_seconds: int = Field(120, ge=1, validation_alias="MUSICFLOW_KAFKA_PATIENCE")
    """How long Kafka may be away before landing gives up."""
    buffer_mebibytes: int = Field(256, ge=1, validation_alias="MUSICFLOW_BUFFER_MIB")
    """Rows that a task keeps back at most before it writes some of them."""
    metrics_port: int | None = Field(
        None, ge=0, le=65535, validation_alias="MUSICFLOW_METRICS_PORT"
    )
    """Where metrics and health are served; 0: any free port, None: nowhere."""
    metrics_address: str = Field(
        "127.0.0.1", min_length=1, validation_alias="MUSICFLOW_METRICS_ADDRESS"
    )
    group_prefix: str = Field("musicflow-", min_length=1, validation_alias="MUSICFLOW_GROUP_PREFIX")
    """With the topic's name behind it: the consumer group that shows the lag in Kafka's tools."""
    stalled_triggers: int = Field(5, ge=1, validation_alias="MUSICFLOW_ALERT_STALLED_TRIGGERS")
    lag_batches: int = Field(5, ge=2, validation_alias="MUSICFLOW_ALERT_LAG_BATCHES")
    reject_share: float = Field(0.05, gt=0, le=1, validation_alias="MUSICFLOW_ALERT_REJECT_SHARE")
    serving_trigger: Annotated[str, AfterValidator(_interval)] = Field(
        "10 seconds", validation_alias="MUSICFLOW_SERVING_TRIGGER"
    )
    """Time from batch to batch of what is served: into Postgres, and the live counts."""
    serving_patience_seconds: int = Field(120, ge=0, validation_alias="MUSICFLOW_SERVING_PATIENCE")
    """How long serving may fail before a landing that is to end (`--once`) ends without it."""
    grace_seconds: int = Field(300, ge=0, validation_alias="MUSICFLOW_GRACE_SECONDS")
    """How long after its end a minute waits for stragglers until it counts as final."""
    keeps_live: bool = Field(default=False, validation_alias="MUSICFLOW_LIVE")
    """Whether counts of the last minutes are kept in the lake, for readers without Postgres."""
    # Private, so that no value of them is ever in a validation error.
    _postgres: PostgresUrl | None = PrivateAttr(
        default_factory=lambda: PostgresUrl.read(os.environ)
    )
    _suppression_key: str = PrivateAttr(default_factory=lambda: secret(os.environ, KEY))
    _webhook: Webhook | None = PrivateAttr(default_factory=lambda: Webhook.read(os.environ))

    retention_days: int | None = Field(None, ge=1, validation_alias="MUSICFLOW_RETENTION_DAYS")
    """How many days `expire` keeps; None: it deletes nothing unless told from when."""

    @property
    def lake(self) -> str:
        """The lake: a folder, absolute."""
        given = self.lake_folder or str(self.home / "lake")
        return given if "://" in given else str(Path(given).absolute())

    @property
    def checkpoints(self) -> str:
        """Folder of the checkpoints, one per event: absolute, or in a bucket."""
        given = self.checkpoints_folder or str(self.home / "checkpoints")
        return given.rstrip("/") if "://" in given else str(Path(given).absolute())

    def checkpoint(self, event_name: str) -> str:
        """Folder of the checkpoint of one event's query."""
        return f"{self.checkpoints}/{event_name}"

    @property
    def spark_home(self) -> Path:
        """Folder of Spark's log and scratch files."""
        return (self.home / "spark").absolute()

    @property
    def limits(self) -> Limits:
        """What is accepted beyond the contract."""
        skew = timedelta(seconds=self.future_skew_seconds)
        return Limits(self.max_event_bytes, self.start, skew)

    @property
    def trigger_seconds(self) -> int:
        """Time from batch to batch."""
        return interval_seconds(self.trigger)

    @property
    def look_seconds(self) -> int:
        """How often Spark looks whether a batch is due: a backlog must not wait for the trigger."""
        fine = self.trigger_seconds // LOOKS_PER_TRIGGER
        return fine or self.trigger_seconds

    @property
    def rules(self) -> Rules:
        """When somebody is alerted."""
        # With a trigger of seconds a slow start or batch is not yet a reason.
        stalled = max(self.stalled_triggers * self.trigger_seconds, 120)
        return Rules(timedelta(seconds=stalled), self.lag_batches, self.reject_share)

    @property
    def lateness(self) -> timedelta:
        """How long before the newest minute another is final."""
        return timedelta(seconds=self.grace_seconds)

    @property
    def postgres(self) -> PostgresUrl | None:
        """The serving database; None: events go to the lake alone."""
        return self._postgres

    @property
    def suppression_key(self) -> SuppressionKey:
        """The key of the list of forgotten users; this machine's own if none is set."""
        return SuppressionKey(self._suppression_key or None, self.home.absolute())

    @property
    def webhook(self) -> Webhook | None:
        """Where alerts are posted, if anywhere."""
        return self._webhook

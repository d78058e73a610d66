"""What the command line, the configuration file and the environment say together."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from contracts.errors import ConfigurationError
from eventsim.config import Config, default_config, read_config
from eventsim.faults import FaultRates
from eventsim.files import Compression, Format
from eventsim.manual import LOCAL_BROKER, replay_parser, simulation_parser

DEFAULT_USERS = 1000
EARLIEST, LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Listeners registered up to five years before the start; holidays are known so far."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A simulation, as it was asked for. Times: epoch seconds."""

    config: Config
    users: int
    start: int
    end: int | None
    """None: no end."""
    continuous: bool
    songs: Path | None
    similar_songs: Path | None
    output: Path | None
    kafka: str | None
    partitions: int
    faults: FaultRates
    report: Path | None
    ledger: Path | None
    state: Path | None
    compression: Compression
    format: Format
    workers: int


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """A replay, as it was asked for."""

    folder: Path
    kafka: str | None
    """None: the files are only looked at."""
    partitions: int
    report: Path | None


def simulation_settings(
    arguments: list[str], environment: Mapping[str, str], now: datetime
) -> Settings:
    """What is to be simulated.

    Raises:
        ConfigurationError: Options, file or environment contradict themselves or each other.
    """
    options = simulation_parser().parse_args(arguments)
    options.output = options.output or options.folder
    config = _config(options)
    start, end = _times(options, config, now)
    if options.output is None and options.kafka is None:
        raise ConfigurationError("nowhere to write to: give --output FOLDER, --kafka, or both")
    _check_files(options)
    users = options.nusers if options.nusers is not None else config.n_users
    return Settings(
        config=config,
        users=DEFAULT_USERS if users is None else users,
        start=start,
        end=end,
        continuous=options.continuous,
        songs=options.songs,
        similar_songs=options.similar_songs,
        output=options.output,
        kafka=_broker(options.kafka, environment),
        partitions=_whole(environment, "MUSICFLOW_TOPIC_PARTITIONS", 4),
        faults=_fault_rates(options, config, environment, now),
        report=options.report,
        ledger=options.ledger,
        state=options.state,
        compression=options.compression,
        format=_format(options, options.output),
        workers=_workers(options),
    )


def replay_settings(arguments: list[str], environment: Mapping[str, str]) -> ReplaySettings:
    """What is to be replayed.

    Raises:
        ConfigurationError: The environment is wrong.
    """
    options = replay_parser().parse_args(arguments)
    return ReplaySettings(
        folder=options.folder,
        kafka=_broker(options.kafka, environment),
        partitions=_whole(environment, "MUSICFLOW_TOPIC_PARTITIONS", 4),
        report=options.report,
    )


def _check_files(options: argparse.Namespace) -> None:
    """Refuse two uses of one file."""
    names = ("config", "songs", "similar_songs", "state", "ledger", "report")
    given = [getattr(options, name) for name in names if getattr(options, name)]
    for path in given:
        if given.count(path) > 1:
            raise ConfigurationError(f"{path} is given for two purposes; each needs its own file")


def _config(options: argparse.Namespace) -> Config:
    """The file's configuration with what the command line says instead."""
    config = read_config(options.config) if options.config else default_config()
    said = {
        "seed": options.seed,
        "first_user_id": options.userid,
        "growth_rate": options.growth_rate,
        "attrition_rate": options.attrition_rate,
        "n_users": options.nusers,
        "tag": options.tag,
    }
    changes = {name: value for name, value in said.items() if value is not None}
    config = msgspec.structs.replace(config, **changes)
    config.check("the command line")
    return config


def _fault_rates(
    options: argparse.Namespace, config: Config, environment: Mapping[str, str], now: datetime
) -> FaultRates:
    drop_from = _moment(options.drop_from, None, now, "--drop-from")
    drop_to = _moment(options.drop_to, None, now, "--drop-to")
    if options.drop and not (drop_from and drop_to):
        raise ConfigurationError("--drop needs --drop-from and --drop-to")
    if drop_from and drop_to and drop_from >= drop_to:
        raise ConfigurationError("--drop-to is not after --drop-from")
    return FaultRates(
        poison=options.poison,
        resend=options.resend,
        conflict=options.conflict,
        late=options.late,
        late_seconds=options.late_seconds,
        out_of_order=options.out_of_order,
        clock_skew=options.clock_skew,
        bots=options.bots,
        drop=options.drop,
        drop_from=int(drop_from.timestamp()) if drop_from else 0,
        drop_to=int(drop_to.timestamp()) if drop_to else 0,
        seed=config.seed if options.fault_seed is None else options.fault_seed,
        max_event_bytes=_whole(environment, "MUSICFLOW_MAX_EVENT_BYTES", 262_144),
    )


def _workers(options: argparse.Namespace) -> int:
    single = {"--continuous": options.continuous, "--state": options.state,
              "--ledger": options.ledger}  # fmt: skip
    for name, given in single.items():
        if options.workers > 1 and given:
            raise ConfigurationError(f"{name} needs a single process: leave --workers out")
    return int(options.workers)


def _format(options: argparse.Namespace, output: Path | None) -> Format:
    """The files' format, which rules some other options out."""
    form: Format = options.format
    if form == "ndjson":
        return form
    if output is None:
        raise ConfigurationError(f"--format {form} needs --output FOLDER: Kafka takes JSON only")
    ruled_out = {
        "--poison": (options.poison, "a broken message has no columns"),
        "--continuous": (options.continuous, "such a file cannot be read before it is finished"),
        "--state": (options.state, "such a file cannot be gone on with"),
    }
    for name, (given, why) in ruled_out.items():
        if given:
            name_of_it = {"csv": "CSV"}.get(form, form.capitalize())
            raise ConfigurationError(
                f"{name} cannot go to {name_of_it}: {why}; use --format ndjson"
            )
    return form


def _times(options: argparse.Namespace, config: Config, now: datetime) -> tuple[int, int | None]:
    start = _moment(options.start_time, options.from_days, now, "--start-time")
    end = _moment(options.end_time, options.to_days, now, "--end-time")
    filed_start = _moment(config.start_date, None, now, "start-date")
    filed_end = _moment(config.end_date, None, now, "end-date")
    if options.continuous and not options.config:
        filed_start = filed_end = None  # the built-in ones are those of an example
    start = start or filed_start
    if start is None:
        start = now.replace(microsecond=0) - timedelta(days=0 if options.continuous else 1)
    if end is None and filed_end and filed_end > start:
        end = filed_end
    if end is None and not options.continuous:
        end = start + timedelta(days=1)
    if end is not None and end <= start:
        raise ConfigurationError(f"the end {end.isoformat()} is not after {start.isoformat()}")
    return int(start.timestamp()), int(end.timestamp()) if end else None


def _moment(text: str | None, days_ago: float | None, now: datetime, name: str) -> datetime | None:
    if days_ago is not None:
        moment = (now - timedelta(days=days_ago)).replace(microsecond=0)
    elif text is None:
        return None
    else:
        moment = _read_time(text, name)
    if not EARLIEST <= moment <= LATEST:
        raise ConfigurationError(f"{name}: only {EARLIEST.year} to {LATEST.year} can be simulated")
    return moment


def _read_time(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{name}: {text!r} is no time such as 2024-01-01T00:00:00Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _broker(said: str | None, environment: Mapping[str, str]) -> str | None:
    """The broker's address; None if Kafka was not asked for."""
    if said is None:
        return None
    return said or environment.get("KAFKA_BOOTSTRAP_SERVERS") or LOCAL_BROKER


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise ConfigurationError(f"{name} must be a whole number above 0, got {text!r}")
    return int(text)

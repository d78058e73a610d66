"""Carrying out hours as Dagster runs in this process, and telling what became of them."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime

import click
import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.lake import HOUR, LAKE_RECORD, hour_key, hour_of
from contracts.logs import log
from musicflow_dagster.automation.lost_runs import PROCESS_TAG, end_lost_runs, living_process
from musicflow_dagster.hours import HourRange
from musicflow_dagster.instance import opened_instance
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.partitions import range_tags
from musicflow_dagster.planner import Known
from musicflow_dagster.readers_report import put_report
from musicflow_dagster.settings import Settings

QUIET_CONSOLE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's own log goes to the instance; the console shows ours."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one run."""

    hours: HourRange
    run_id: str
    succeeded: bool
    seconds: float


class Runner:
    """Runs jobs in this process, one after the other, on the persistent instance."""

    def __init__(self, instance: dg.DagsterInstance, process: str) -> None:
        """Run on `instance`, in the name of this process."""
        self.instance = instance
        self._process = process

    def run(
        self,
        job: dg.JobDefinition,
        hours: HourRange,
        tags: Mapping[str, str],
        assets: Sequence[dg.AssetKey] | None = None,
    ) -> Outcome:
        """One run of `hours`; of these `assets` only, if any are named."""
        started = time.monotonic()
        with redirect_stdout(sys.stderr):  # where dbt's own words are printed to
            result = job.execute_in_process(
                instance=self.instance,
                tags={**range_tags(hours), PROCESS_TAG: self._process, **tags},
                raise_on_error=False,
                run_config=QUIET_CONSOLE,
                asset_selection=assets,
            )
        seconds = round(time.monotonic() - started, 1)
        for failure in _failures(result):
            log.error("step failed", hours=str(hours), what=failure)
        log.info("built" if result.success else "failed", hours=str(hours), seconds=seconds)
        return Outcome(hours, result.run_id, result.success, seconds)


@contextmanager
def opened_runner(settings: Settings) -> Iterator[Runner]:
    """A runner; runs of processes that were killed are ended first."""
    with (
        opened_instance(settings.dagster_home) as instance,
        living_process(settings.dagster_home) as process,
    ):
        for run_id in end_lost_runs(instance, settings):
            log.warning("a run whose process was killed counts as failed now", run=run_id)
        try:
            yield Runner(instance, process)
        finally:
            _tell_readers(instance, settings)


def _tell_readers(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Put the report for dashboards into the lake, if there is one; builds stand without it."""
    index = manifest_index(settings)
    try:
        if index.store.exists(LAKE_RECORD):
            index.refresh()
            put_report(index, instance, settings.grace)
    except MusicFlowError as error:
        log.warning("the report for readers was not written", why=str(error))


def check_range(hours: HourRange, settings: Settings) -> None:
    """Make sure that all of `hours` can be built.

    Raises:
        ConfigurationError: Some are before the first hour, or to come. The one that runs now may
            be built as far as it has come; it is built again when it is complete.
    """
    now = hour_of(datetime.now(UTC))
    if settings.start + HOUR > now:
        raise ConfigurationError(
            f"no hour has ended since MUSICFLOW_START ({hour_key(settings.start)}): "
            "the first can be built when it has"
        )
    if hours.start < settings.start or hours.end > now + HOUR:
        raise ConfigurationError(
            f"hours can be built from {hour_key(settings.start)} (MUSICFLOW_START) to "
            f"{hour_key(now)}, which is now; asked for are {hours}"
        )


def check_not_expired(known: Known, hours: HourRange) -> None:
    """Make sure that the lake still has what landed for `hours`.

    Raises:
        ConfigurationError: Some have expired.
    """
    if known.expired_before and hours.start < known.expired_before:
        raise ConfigurationError(
            f"hours before {hour_key(known.expired_before)} have expired from the lake and can't "
            "be built again; the warehouse keeps them as they are"
        )


def tell(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Print what became of the runs, if it is asked for.

    Raises:
        MusicFlowError: One of them failed.
    """
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in outcomes]))
    failed = [str(each.hours) for each in outcomes if not each.succeeded]
    if failed:
        raise MusicFlowError(
            f"builds failed for {', '.join(failed)}: the lines above say why, and the runs stand "
            "in Dagster's web interface"
        )


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.filter_events(lambda each: each.is_step_failure):
        failure = event.step_failure_data.user_failure_data
        message = failure.description if failure else _root(event.step_failure_data.error)
        yield f"{event.step_key}: {message}"


def _root(error: SerializableErrorInfo | None) -> str:
    """The message of the error that the others were raised from."""
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else "it ended without a word"


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "from": hour_key(outcome.hours.start),
        "to": hour_key(outcome.hours.end),
        "hours": len(outcome.hours),
        "run": outcome.run_id,
        "succeeded": outcome.succeeded,
        "seconds": outcome.seconds,
    }

"""Runs that failed, told to people: in the sensor's log, and by the webhook where there is one.

Its cursor moves only past runs that were told, so that neither a restart of Dagster nor a webhook
that is away loses one.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg
import msgspec
from dagster._core.storage.dagster_run import RunRecord
from dagster._core.storage.tags import WILL_RETRY_TAG

from contracts.errors import UnavailableError
from contracts.runbook import see
from musicflow_dagster.run_words import hours_of_run, why_failed
from musicflow_dagster.settings import Settings

NAME = "failed_runs"
SECONDS_BETWEEN_TICKS = 30
RUNS_PER_TICK = 10
REMEMBERED = 100
ONE_MOMENT = timedelta(seconds=1)
"""Runs may end at the very same time."""


class Cursor(msgspec.Struct, frozen=True):
    """Failures up to this time were told, and which of the last ones."""

    until: datetime
    told: tuple[str, ...] = ()

    def after(self, record: RunRecord) -> "Cursor":
        """The cursor once this run was told."""
        told = (*self.told, record.dagster_run.run_id)[-REMEMBERED:]
        return Cursor(max(self.until, record.update_timestamp), told)


def alert_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that tells of each run that failed, once."""

    @dg.sensor(
        name=NAME,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells people of each run that failed (MUSICFLOW_ALERT_WEBHOOK).",
    )
    def failed_runs(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        now = datetime.now(UTC)
        cursor = msgspec.json.decode(context.cursor, type=Cursor) if context.cursor else Cursor(now)
        texts = []
        for record in _failures_since(context.instance, cursor):
            text = told(context.instance, record.dagster_run)
            try:
                if settings.webhook:
                    settings.webhook.post(f"MusicFlow: {text} {see(NAME)}")
            except UnavailableError as error:
                context.log.warning("%s; it is told with a later tick", error)
                break
            context.log.error(text)
            texts.append(text)
            cursor = cursor.after(record)
        reason = "; ".join(texts) or "no run has failed since the last tick"
        return dg.SensorResult(skip_reason=reason, cursor=msgspec.json.encode(cursor).decode())

    return failed_runs


def told(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What there is to say of a run that failed, in a line."""
    hours = hours_of_run(run)
    of_hours = f" of {hours}" if hours else ""
    again = " It is tried again." if run.tags.get(WILL_RETRY_TAG) == "true" else ""
    why = why_failed(instance, run)
    return f"{run.job_name}{of_hours} failed: {why} (run {run.run_id[:8]}).{again}"


def _failures_since(instance: dg.DagsterInstance, cursor: Cursor) -> list[RunRecord]:
    """The next runs to tell; those of the cursor's own moment are looked at again."""
    since = cursor.until - ONE_MOMENT
    records = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since),
        limit=REMEMBERED + RUNS_PER_TICK,
        order_by="update_timestamp",
        ascending=True,
    )
    new = [each for each in records if each.dagster_run.run_id not in cursor.told]
    return new[:RUNS_PER_TICK]

"""The sensor that keeps the report for readers current: see `readers_report.py`."""

import dagster as dg
import msgspec

from contracts.errors import MusicFlowError
from musicflow_dagster.automation.requests import is_ready
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.readers_report import put_report
from musicflow_dagster.settings import Settings

SECONDS_BETWEEN_TICKS = 60


class Cursor(msgspec.Struct, frozen=True):
    """What the last report knew of: the last manifests of a lake, and the newest word of a run."""

    lake: str
    seqs: dict[str, int]
    run_updated_at: str


def readers_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that puts a new report whenever there is something new to tell."""

    @dg.sensor(
        name="readers_report",
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the dashboard, by a record in the lake, of rejects, late rows and runs.",
    )
    def readers_report(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not is_ready(settings):
            return dg.SkipReason(f"there is no lake at {settings.lake} yet")
        index = manifest_index(settings)
        seqs = index.refresh()
        now = Cursor(index.lake(), seqs, _last_word(context.instance))
        cursor = msgspec.json.encode(now, order="sorted").decode()
        if cursor == context.cursor:
            return dg.SkipReason("nothing is new")
        try:
            put_report(index, context.instance, settings.grace)
        except MusicFlowError as error:
            return dg.SkipReason(f"{error}; it is tried again")
        return dg.SensorResult(skip_reason="the report was put into the lake", cursor=cursor)

    return readers_report


def _last_word(instance: dg.DagsterInstance) -> str:
    """When a run last changed."""
    records = instance.get_run_records(limit=1, order_by="update_timestamp")
    return records[0].update_timestamp.isoformat() if records else ""

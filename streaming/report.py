"""The log line of a batch."""

from collections.abc import Mapping
from datetime import datetime

from contracts.logs import log
from contracts.manifests import Manifest, Measures


def log_batch(manifest: Manifest, seconds: Mapping[str, float]) -> None:
    """Say what was committed, how long it took (by the driver's phase), and what is left."""
    log.info(
        "batch committed",
        event_name=manifest.event,
        batch=manifest.batch,
        manifest=manifest.seq,
        messages=sum(each.end - each.start for each in manifest.offsets),
        accepted=manifest.accepted,
        rejected=manifest.rejected,
        suppressed=manifest.suppressed,
        **{f"rejected_{reason}": count for reason, count in manifest.rejected_by_reason.items()},
        rows_with_unknown_fields=manifest.rows_with_unknown_fields,
        **{f"untold_{column}": count for column, count in manifest.enrichment_unknown.items()},
        files=len(manifest.files),
        bytes_written=sum(each.bytes for each in (*manifest.files, *manifest.rejected_files)),
        newest_event=_written(manifest.max_occurred_at),
        seconds=round(sum(seconds.values()), 3),
        **{f"{phase}_seconds": spent for phase, spent in seconds.items()},
        **(_measured(manifest.measures) if manifest.measures else {}),
    )


def _measured(measures: Measures) -> dict[str, float | None]:
    in_tasks = {f"{phase}_task_seconds": spent for phase, spent in measures.task_seconds.items()}
    return in_tasks | {
        "bytes_in": measures.bytes_in,
        "lag_messages": measures.lag_messages,
        "lag_seconds": measures.lag_seconds,
        "delay_p50_seconds": measures.delay_p50_seconds,
        "delay_p95_seconds": measures.delay_p95_seconds,
    }


def _written(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None

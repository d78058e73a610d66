"""What Prometheus is told of landing; `docs/monitoring.md` lists it."""

from collections.abc import Collection, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from contracts.health import ALERT_KINDS
from contracts.manifests import Manifest, Measures
from streaming.progress import Lag

PREFIX = "musicflow_landing"
VERDICTS = ("accepted", "rejected", "suppressed", "not_data")


class LandingMetrics:
    """Counters and gauges of all topics of one landing job."""

    def __init__(self) -> None:
        # When a counter was made is of no use to anybody, and as long as the counters.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self.registry = CollectorRegistry()
        self._batches = self._counter("batches", "Batches committed.")
        self._messages = self._counter(
            "messages", "Offsets committed, by what they were.", "verdict"
        )
        self._rejected = self._counter("rejects", "Messages rejected, by first reason.", "reason")
        self._unknown_fields = self._counter(
            "unknown_field_rows", "Accepted messages with fields that the contract does not know."
        )
        self._untold = self._counter(
            "untold_rows", "Accepted messages whose derived column could not be told.", "column"
        )
        self._bytes = self._counter(
            "bytes", "Bytes received from Kafka, or written to the lake as Parquet.", "kind"
        )
        self._seconds = self._counter("phase_seconds", "Time of the driver, by phase.", "phase")
        self._task_seconds = self._counter(
            "task_seconds", "Time of the workers, summed over tasks, by phase.", "phase"
        )
        self._last_seconds = self._gauge("last_batch_seconds", "Time that the last batch took.")
        self._last_commit = self._gauge("last_commit_timestamp_seconds", "When it was committed.")
        self._delay = self._gauge(
            "event_delay_seconds",
            "Age of the events of the last batch when it began, by quantile.",
            "quantile",
        )
        self._newest = self._gauge(
            "newest_event_timestamp_seconds", "Time of the newest event of the last batch."
        )
        self._lag_messages = self._gauge("lag_messages", "Messages in Kafka, not committed yet.")
        self._lag_seconds = self._gauge(
            "lag_seconds", "How long ago all that Kafka held was committed."
        )
        self._caught_up = self._gauge(
            "caught_up_timestamp_seconds", "Time until which all that Kafka held is committed."
        )
        self._alert = self._gauge("alert", "1 while somebody should look.", "alert")

    def committed(self, manifest: Manifest, seconds: Mapping[str, float]) -> None:
        """Take in a batch; `seconds` are the driver's, by phase."""
        topic = manifest.event
        self._batches.labels(topic).inc()
        for verdict in VERDICTS:
            count = sum(getattr(each, verdict) for each in manifest.offsets)
            self._messages.labels(topic, verdict).inc(count)
        for reason, count in manifest.rejected_by_reason.items():
            self._rejected.labels(topic, reason).inc(count)
        self._unknown_fields.labels(topic).inc(manifest.rows_with_unknown_fields)
        for column, count in manifest.enrichment_unknown.items():
            self._untold.labels(topic, column).inc(count)
        written = (("accepted", manifest.files), ("rejected", manifest.rejected_files))
        for kind, files in written:
            self._bytes.labels(topic, kind).inc(sum(each.bytes for each in files))
        for phase, spent in seconds.items():
            self._seconds.labels(topic, phase).inc(spent)
        self._last_seconds.labels(topic).set(round(sum(seconds.values()), 3))
        self._last_commit.labels(topic).set(manifest.committed_at.timestamp())
        if manifest.max_occurred_at:
            self._newest.labels(topic).set(manifest.max_occurred_at.timestamp())
        if manifest.measures:
            self._measured(topic, manifest.measures)

    def standing(self, topic: str, lag: Lag, alerts: Collection[str]) -> None:
        """Take in how a topic stands now; `alerts` are the kinds that stand."""
        if lag.messages is not None:
            self._lag_messages.labels(topic).set(lag.messages)
        if lag.seconds is not None and lag.caught_up_until is not None:
            self._lag_seconds.labels(topic).set(lag.seconds)
            self._caught_up.labels(topic).set(lag.caught_up_until.timestamp())
        for kind in ALERT_KINDS:
            self._alert.labels(topic, kind).set(kind in alerts)

    def _measured(self, topic: str, measures: Measures) -> None:
        self._bytes.labels(topic, "received").inc(measures.bytes_in)
        for phase, spent in measures.task_seconds.items():
            self._task_seconds.labels(topic, phase).inc(spent)
        quantiles = (("0.5", measures.delay_p50_seconds), ("0.95", measures.delay_p95_seconds))
        for quantile, seconds in quantiles:
            if seconds is not None:
                self._delay.labels(topic, quantile).set(seconds)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", about, ("topic", *labels), registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", about, ("topic", *labels), registry=self.registry)

"""Which followers a landing job has, as its settings say."""

from collections.abc import Sequence

from contracts.events import MUSIC_EVENTS, Event
from contracts.store import open_store
from contracts.suppression import SuppressionList
from streaming.kafka import Cluster
from streaming.monitor import Monitor
from streaming.serving.follower import Follower
from streaming.serving.follower_state import FollowerState, ServingMetrics
from streaming.serving.live_sink import LiveSink
from streaming.serving.postgres_sink import PostgresSink
from streaming.serving.sink import Sink
from streaming.settings import LandingSettings


def followers_of(
    settings: LandingSettings, events: Sequence[Event], cluster: Cluster, monitor: Monitor
) -> list[Follower]:
    """The followers, not started; the monitor learns how each is doing."""
    sinks = _sinks(settings) if MUSIC_EVENTS in events else []
    if not sinks:
        return []
    metrics = ServingMetrics(monitor.metrics.registry)
    followers = []
    for sink in sinks:
        state = FollowerState(sink.name, metrics)
        monitor.serving[sink.name] = state.report
        followers.append(Follower(settings, cluster, sink, state))
    return followers


def _sinks(settings: LandingSettings) -> list[Sink]:
    sinks: list[Sink] = []
    lake = open_store(settings.lake)
    forgotten = SuppressionList(lake, settings.suppression_key)
    if settings.postgres is not None:
        sinks.append(PostgresSink(settings.postgres, settings.lateness, forgotten))
    if settings.keeps_live:
        sinks.append(LiveSink(lake, settings.lateness, forgotten))
    return sinks

"""Old hours go, with their rejects and manifests, and nothing else; whatever is killed when."""

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from contracts.expiry import read_expiry
from contracts.gaps import Gap
from contracts.lake import HOUR, hour_key
from contracts.store import FolderStore
from streaming.__main__ import main
from streaming.gaps import gap_manifest
from streaming.guards import holes
from streaming.kafka import Held
from streaming.lake_record import claim
from streaming.replay import Replayed
from streaming.retention import cutoff, expire_event
from streaming.tail import LogTail

from .messages import listen
from .rejecting import FIRST, RejectingLake

TOPIC = "listen_events"
EVENTS_FROM = datetime(2026, 1, 1, 5, tzinfo=UTC)
"""The hour of `listen(hours=0)`; batches are judged from `FIRST`, 31 hours later."""


@pytest.fixture
def lake(store) -> RejectingLake:
    claim(store)
    return RejectingLake(store)


def expire_listens(lake: RejectingLake, before: datetime) -> None:
    expire_event(lake.store, TOPIC, before)


def data_files(lake: RejectingLake) -> set[str]:
    return {path for path in lake.store.list("") if not path.startswith("_")}


def hours_of_files(lake: RejectingLake) -> set[str]:
    return {path.partition("/batch=")[0] for path in data_files(lake)}


def added_up(lake: RejectingLake) -> tuple[Counter, Counter, dict[int, int]]:
    """What all of the log says, expired or not: per partition, per reason, and where it ends."""
    offsets: Counter = Counter()
    counts: Counter = Counter()
    if expiry := read_expiry(lake.store, TOPIC):
        counts.update(expiry.rejected_by_reason)
        counts["accepted"] += expiry.accepted
    for each in [*(expiry.offsets if expiry else ()), *_ranges(lake)]:
        offsets[each.partition] += each.end - each.start
        assert each.end - each.start == (
            each.accepted + each.rejected + each.not_data + each.missing
        )
    for manifest in lake.log.after(0):
        counts.update(manifest.rejected_by_reason)
        counts["accepted"] += manifest.accepted
    return offsets, counts, LogTail(lake.log).ends


def _ranges(lake: RejectingLake) -> list:
    return [each for manifest in lake.log.after(0) for each in manifest.offsets]


def test_old_hours_their_rejects_and_manifests_go_and_nothing_else(lake):
    lake.land(listen(0), b"no")
    lake.land(listen(1, hours=40), b"no", hours=40)
    lake.land(listen(2, hours=41), hours=41)
    before = added_up(lake)

    expire_listens(lake, FIRST + 24 * HOUR)

    assert [each.seq for each in lake.log.after(0)] == [2, 3]
    assert hours_of_files(lake) == {
        "rejected/listen_events/date=2026-01-04/hour=04",
    }
    assert not lake.store.exists("_batches/listen_events/000000000001.json")
    assert lake.holds_only_what_manifests_name()
    assert added_up(lake) == before


def test_a_batch_with_old_and_newer_hours_keeps_its_manifest(lake):
    lake.land(listen(0), listen(1, hours=10))
    lake.land(listen(2, hours=11))

    expire_listens(lake, EVENTS_FROM + 5 * HOUR)

    assert [each.seq for each in lake.log.after(0)] == [1, 2]
    assert [path for path in hours_of_files(lake) if path.endswith("hour=05")] == []
    assert lake.holds_only_what_manifests_name()


def test_the_last_batch_stays_on_record_however_old(lake):
    lake.land(listen(0))
    lake.land(listen(1))

    expire_listens(lake, FIRST + 1000 * HOUR)

    assert [each.seq for each in lake.log.after(0)] == [2]
    assert data_files(lake) == set()
    lake.land(listen(2, hours=2000), hours=2000)
    assert LogTail(lake.log).ends == {0: 3}


def test_late_events_of_an_expired_hour_are_rejected_and_kept(lake):
    lake.land(listen(0))
    expire_listens(lake, EVENTS_FROM + HOUR)

    late = lake.land(listen(1), listen(2, hours=1))

    assert late.rejected_by_reason == {"impossible_time": 1}
    assert late.accepted == 1
    assert lake.holds_only_what_manifests_name()


def test_a_batch_that_was_in_hand_while_its_hour_expired_is_tidied_up(lake, monkeypatch):
    lake.land(listen(0))
    with monkeypatch.context() as patch:
        # The batch began before the hour expired, under the limits of then.
        patch.setattr(RejectingLake, "_beside", lambda _self, limits: limits)
        expire_listens(lake, EVENTS_FROM + HOUR)
        lake.land(listen(1))
    assert not lake.holds_only_what_manifests_name()

    expire_listens(lake, EVENTS_FROM + HOUR)

    assert lake.holds_only_what_manifests_name()


def test_rejects_replayed_into_an_hour_that_has_expired_since_never_land_again(lake):
    lake.land(listen(0, level="trial"), listen(1, hours=20, level="trial"))
    assert lake.replay().landed == 2

    expire_listens(lake, EVENTS_FROM + HOUR)

    assert lake.replay() == Replayed(judged=1)
    assert lake.holds_only_what_manifests_name()


def test_expired_rejects_are_not_replayed(lake):
    lake.land(listen(0, hours=20, level="trial"))
    lake.land(listen(1, hours=33, level="trial"), hours=2)

    expire_listens(lake, FIRST + HOUR)

    assert lake.replay() == Replayed(judged=1, landed=1, batches=1)


def test_a_replay_reads_the_log_from_its_hours_on(lake, monkeypatch):
    for days in range(20):
        lake.land(listen(days, level="trial"), hours=24 * days)
    read = []
    original = lake.store.read
    monkeypatch.setattr(lake.store, "read", lambda path: read.append(path) or original(path))

    done = lake.replay(first=FIRST + 18 * 24 * HOUR, end=FIRST + 30 * 24 * HOUR)

    assert done.landed == 2
    manifests = {path for path in read if path.startswith("_batches")}
    assert len(manifests) < 12


def test_what_happened_to_offsets_outlives_the_manifests(lake):
    lake.land(listen(0))
    for held in ({0: Held(5, 9)}, {0: Held(0, 2)}, {}):
        tail = LogTail(lake.log)
        found = tuple(holes(TOPIC, tail.ends, held, is_same_topic=True))
        lake.log.append(gap_manifest(TOPIC, tail.seq, tail.ends, Gap("Ada", found)))
    lake.ends = {0: 0}
    lake.land(listen(1))
    lake.land(listen(2))
    now = datetime.now(UTC) + HOUR
    before = added_up(lake)

    expire_listens(lake, now)
    expiry = read_expiry(lake.store, TOPIC)

    assert [each.seq for each in lake.log.after(0)] == [6]
    lives = [(each.start, each.end, each.missing, each.is_over) for each in expiry.offsets]
    assert lives == [(0, 5, 4, True), (0, 0, 0, True), (0, 1, 0, False)]
    assert [each.seq for each in expiry.gaps] == [2, 3, 4]
    assert added_up(lake) == before


class KilledError(Exception):
    """Stands for a kill: nothing after it runs."""


class Mortal(FolderStore):
    """A store whose user is killed before its `lives`th change."""

    def __init__(self, root, lives: int) -> None:
        super().__init__(root)
        self.lives = lives

    def _die(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise KilledError

    def delete(self, path):
        self._die()
        super().delete(path)

    def put_if_absent(self, path, data):
        self._die()
        return super().put_if_absent(path, data)


BATCH = st.tuples(
    st.integers(0, 8), st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=3)
)


@settings(deadline=None, max_examples=60)
@given(
    batches=st.lists(BATCH, min_size=1, max_size=8),
    runs=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 12)), min_size=1, max_size=4),
)
def test_whatever_is_killed_the_next_run_finishes_and_nothing_else_goes(
    tmp_path_factory, batches, runs
):
    lake = RejectingLake(FolderStore(tmp_path_factory.mktemp("lake")))
    claim(lake.store)
    at = 0
    for later, events in batches:
        at += later
        lake.land(
            *(listen(lake.end + i, hours=h, level="paid" if good else "trial")
              for i, (h, good) in enumerate(events)),
            hours=at,
        )  # fmt: skip
    whole, files = added_up(lake), data_files(lake)
    for hours, lives in runs:
        with suppress(KilledError):
            expire_event(Mortal(lake.store.root, lives), TOPIC, EVENTS_FROM + hours * HOUR)
        assert added_up(lake) == whole
    last = EVENTS_FROM + max(hours for hours, _ in runs) * HOUR
    expire_event(lake.store, TOPIC, last)

    assert added_up(lake) == whole
    assert lake.holds_only_what_manifests_name()
    kept = {path for path in files if _hour(path) >= hour_key(last)}
    assert data_files(lake) == kept
    assert len(list(lake.store.list("_expired"))) == 1


def _hour(path: str) -> str:
    date, hour = path.partition("/date=")[2].split("/")[:2]
    return f"{date}-{hour.removeprefix('hour=')}:00"


NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_days_are_counted_back_to_a_whole_hour():
    assert cutoff(NOW, 30, None) == datetime(2026, 1, 30, 12, tzinfo=UTC)
    assert cutoff(NOW, 30, FIRST) == FIRST


@pytest.mark.parametrize(
    ("days", "before", "told"),
    [
        pytest.param(None, None, "everything is kept", id="nothing said"),
        pytest.param(None, NOW + HOUR, "in the future", id="an hour to come"),
    ],
)
def test_what_must_not_be_deleted_is_refused(days, before, told):
    with pytest.raises(ConfigurationError, match=told):
        cutoff(NOW, days, before)


def expire_command(home, *arguments: str):
    return CliRunner().invoke(main, ["expire", "--home", str(home), *arguments])


def test_the_command_says_what_it_deleted(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICFLOW_RETENTION_DAYS", "1")
    lake = RejectingLake(FolderStore(tmp_path / "lake"))
    claim(lake.store)
    lake.land(listen(0))
    lake.land(listen(1))

    ran = expire_command(tmp_path, "--json", "--event", TOPIC)

    (answer,) = json.loads(ran.stdout)
    assert (answer["event"], answer["files"], answer["manifests"]) == (TOPIC, 2, 1)
    before = datetime.now(UTC) - timedelta(days=1)
    assert answer["before"] in {hour_key(before), hour_key(before - HOUR)}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param([], "set MUSICFLOW_RETENTION_DAYS", id="no retention"),
        pytest.param(["--before", "2026-01-01T00"], "there is no lake", id="no lake"),
    ],
)
def test_what_cannot_be_expired_is_one_clear_line(tmp_path, monkeypatch, arguments, told):
    monkeypatch.delenv("MUSICFLOW_RETENTION_DAYS", raising=False)

    ran = expire_command(tmp_path, *arguments)

    assert ran.exit_code == 1
    assert told in ran.stderr
    assert len(ran.stderr.splitlines()) == 1

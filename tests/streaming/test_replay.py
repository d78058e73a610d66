"""Rejects that pass a mended contract land once, whatever runs twice, overlaps or is killed."""

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import LakeError, UnavailableError
from contracts.events import LISTEN_EVENTS
from contracts.lake import HOUR
from contracts.store import FolderStore
from streaming.__main__ import main
from streaming.lake_record import claim
from streaming.replay import TRIES, Replayed

from .messages import listen
from .rejecting import FIRST, TRIAL, TRIAL_AND_GOLD, RejectingLake, allowing


@pytest.fixture
def lake(store) -> RejectingLake:
    return RejectingLake(store)


def test_what_passes_a_mended_contract_lands_and_the_rest_stays(lake):
    landed = lake.land(
        listen(0), listen(1, level="trial"), b"not json", listen(2, level="trial", hours=1)
    )
    began = datetime.now(UTC)

    assert lake.replay() == Replayed(judged=3, landed=2, batches=1)

    (replay,) = lake.replays()
    assert (replay.seq, replay.accepted, replay.rejected, replay.offsets) == (2, 2, 0, ())
    assert replay.cites == tuple(each.path for each in landed.rejected_files)
    assert [each.hour for each in replay.files] == ["2026-01-01-05:00", "2026-01-01-06:00"]
    assert (replay.min_occurred_at, replay.max_occurred_at) == (
        datetime(2026, 1, 1, 5, 0, 0, 1000, tzinfo=UTC),
        datetime(2026, 1, 1, 6, 0, 0, 2000, tzinfo=UTC),
    )
    row = pq.read_table(lake.store.url(replay.files[1].path)).to_pylist()[0]
    position = row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]
    assert position == ("listen_events", 0, 3)
    assert row["landed_at"] == replay.batch_at >= began
    assert pq.read_table(lake.store.url(replay.cites[0])).num_rows == 3
    assert lake.holds_only_what_manifests_name()


def test_a_replay_that_is_repeated_lands_nothing_more(lake):
    lake.land(listen(1, level="trial"), b"not json")
    lake.replay()

    assert lake.replay() == Replayed(judged=1)
    assert lake.log.last() == 2


def test_a_contract_that_is_mended_twice_lands_each_reject_once(lake):
    lake.land(*(listen(each, level=level) for each, level in enumerate(["trial", "gold", "x"])))
    lake.replay(TRIAL)

    assert lake.replay(TRIAL_AND_GOLD) == Replayed(judged=2, landed=1, batches=1)
    assert lake.replayed_offsets() == [0, 1]
    one, other = lake.replays()
    assert (one.writer, one.batch, other.writer, other.batch) == (one.writer, 0, one.writer, 1)


def test_nothing_is_committed_where_nothing_passes(lake):
    lake.land(b"not json", None)

    assert lake.replay() == Replayed(judged=2)
    assert lake.log.last() == 1


def test_an_event_that_lay_too_far_ahead_still_does(lake):
    lake.land(listen(0, level="trial", hours=24 * 40))

    assert lake.replay() == Replayed(judged=1)


def test_only_rejects_of_the_hours_are_judged_again(lake):
    for hours in range(4):
        lake.land(listen(hours, level="trial"), hours=hours)

    assert lake.replay(first=FIRST + HOUR, end=FIRST + 3 * HOUR).judged == 2
    assert lake.replayed_offsets() == [1, 2]


def test_rejects_of_all_partitions_of_a_batch_are_replayed_together(lake):
    lake.land(*(listen(each, level="trial") for each in range(700)), partitions=2)

    assert lake.replay() == Replayed(judged=700, landed=700, batches=1)
    assert lake.replayed_offsets() == sorted([*range(350), *range(350)])
    assert lake.replay() == Replayed()


class Interrupted(FolderStore):
    """A store that does something else just before a replay's manifest is put."""

    def __init__(self, root, meanwhile) -> None:
        super().__init__(root)
        self.meanwhile = meanwhile
        self.busy = False

    def put_if_absent(self, path: str, data: bytes) -> bool:
        if path.startswith("_batches") and not self.busy:
            self.busy = True
            self.meanwhile()
            self.busy = False
        return super().put_if_absent(path, data)


def interrupted(lake: RejectingLake, meanwhile, times: int = 1) -> RejectingLake:
    """The same lake, in which something happens just before each of the first `times` commits."""
    left = iter(range(times))

    def happens() -> None:
        if next(left, None) is not None:
            meanwhile()

    return RejectingLake(Interrupted(lake.store.root, happens))


def test_a_replay_gives_way_to_landing_and_takes_the_next_number(lake):
    lake.land(listen(0, level="trial"))
    other = interrupted(lake, lambda: lake.land(listen(1), b"no"))

    assert other.replay() == Replayed(judged=1, landed=1, batches=1)
    assert [each.kind for each in lake.log.after(0)] == ["stream", "stream", "replay"]
    assert lake.holds_only_what_manifests_name()


def test_two_replays_at_once_land_each_reject_once(lake):
    lake.land(*(listen(each, level=level) for each, level in enumerate(["trial", "gold"])))
    other = interrupted(lake, lambda: lake.replay(TRIAL))

    assert other.replay(TRIAL_AND_GOLD) == Replayed(judged=1, landed=1, batches=1)
    assert lake.replayed_offsets() == [0, 1]
    assert lake.holds_only_what_manifests_name()


def test_a_replay_that_never_gets_its_number_says_so_and_leaves_nothing(lake):
    lake.land(listen(0, level="trial"))
    other = interrupted(lake, lambda: lake.land(listen(lake.end)), times=TRIES)

    with pytest.raises(UnavailableError, match="while landing rests"):
        other.replay()
    assert lake.replays() == []
    assert lake.holds_only_what_manifests_name()


class KilledError(Exception):
    """Stands for a kill: nothing after it runs."""


def test_what_a_killed_replay_left_is_removed_once_its_number_is_taken(lake):
    def killed() -> None:
        raise KilledError

    lake.land(listen(0, level="trial"), listen(1, level="trial", hours=1))
    with pytest.raises(KilledError):
        interrupted(lake, killed).replay()
    assert not lake.holds_only_what_manifests_name()

    lake.land(listen(2))

    assert lake.holds_only_what_manifests_name()
    assert lake.replay().landed == 2


def test_landing_never_removes_what_a_replay_has_committed(lake, monkeypatch):
    def killed_after_the_commit(_store, manifests, _stream_seq) -> None:
        if manifests.last() > 1:
            raise KilledError

    lake.land(listen(0, level="trial"))
    with monkeypatch.context() as patch:
        patch.setattr("streaming.replay.clean", killed_after_the_commit)
        with pytest.raises(KilledError):
            lake.replay()
    assert any(lake.store.list("_attempts"))

    lake.land(listen(1))
    lake.land(listen(2))

    assert lake.replayed_offsets() == [0]
    assert lake.holds_only_what_manifests_name()


def test_rejects_that_are_gone_are_named(lake):
    (file,) = lake.land(listen(0, level="trial")).rejected_files
    lake.store.delete(file.path)

    with pytest.raises(LakeError, match=f"{file.path}.*restore it"):
        lake.replay()


MESSAGES = ["free", "trial", "gold", "unknown"]
MENDED = [LISTEN_EVENTS, TRIAL, TRIAL_AND_GOLD, allowing("gold")]


@settings(deadline=None, max_examples=40)
@given(
    batches=st.lists(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=3), max_size=4),
    replays=st.lists(
        st.tuples(st.sampled_from(MENDED), st.integers(0, 4), st.integers(0, 4)), max_size=5
    ),
)
def test_replays_in_any_order_and_range_land_each_mended_reject_once(
    tmp_path_factory, batches, replays
):
    lake = RejectingLake(FolderStore(tmp_path_factory.mktemp("lake")))
    levels: dict[int, tuple[str, int]] = {}
    for hours, batch in enumerate(batches):
        levels |= {lake.end + each: (level, hours) for each, level in enumerate(batch)}
        lake.land(*(listen(lake.end + i, level=x) for i, x in enumerate(batch)), hours=hours)
    expected = set()
    for event, first, end in replays:
        lake.replay(event, FIRST + first * HOUR, FIRST + end * HOUR)
        allowed = set(event["level"].allowed) - {"free", "paid"}
        expected |= {
            offset
            for offset, (level, hours) in levels.items()
            if first <= hours < end and level in allowed
        }

    assert lake.replayed_offsets() == sorted(expected)
    assert sum(each.accepted for each in lake.replays()) == len(expected)
    assert lake.holds_only_what_manifests_name()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose lake has a reject that only the tests' limits refuse, and one for ever."""
    for name in ("LAKE", "HOME", "START", "MAX_EVENT_BYTES"):
        monkeypatch.delenv(f"MUSICFLOW_{name}", raising=False)
    lake = RejectingLake(FolderStore(tmp_path / "lake"))
    claim(lake.store)
    lake.land(listen(0, tag="x" * 20_000), b"not json")
    return tmp_path


def replay_command(home, *arguments: str):
    hours = ["--from", "2026-01-02T12", "--to", "2026-01-02T13:00+00:00"]
    return CliRunner().invoke(main, ["replay-rejects", "--home", str(home), *hours, *arguments])


def test_the_command_replays_rejects_of_all_events(home):
    ran = replay_command(home)

    assert ran.exit_code == 0
    assert "event_name=listen_events rejects=2 landed=1 batches=1" in ran.stderr
    assert "event_name=music_events rejects=0 landed=0" in ran.stderr


def test_the_command_replays_the_events_that_are_named(home):
    ran = replay_command(home, "--event", "auth_events")

    assert ran.exit_code == 0
    assert "listen_events" not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--to", "2026-01-02T12"], "the one to stop before", id="no hours"),
        pytest.param(["--lake", "nowhere"], "there is no lake in", id="no lake"),
        pytest.param(["--lake", "ftp://host"], "give a folder", id="no lake there"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_line(home, arguments, told):
    ran = replay_command(home, *arguments)

    assert ran.exit_code == 1
    assert told in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["replay-rejects", "--from", "noon", "--to", "x"], "is no hour", id="no hour"),
        pytest.param(["replay-rejects"], "Missing option '--from'", id="no range"),
        pytest.param(
            ["--once", "replay-rejects", "--from", "2026-01-01", "--to", "2026-01-02"],
            "options go after replay-rejects",
            id="options of landing",
        ),
    ],
)
def test_a_command_that_is_written_wrongly_says_how(arguments, told):
    ran = CliRunner().invoke(main, arguments)

    assert ran.exit_code == 2
    assert told in ran.stderr

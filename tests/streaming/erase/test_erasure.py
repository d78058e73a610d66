"""Erasing: the user is nowhere, all else is as it was, whatever is killed when."""

import shutil
from contextlib import suppress

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.erasures import read_erasure
from contracts.errors import ConfigurationError, LakeError, UnavailableError
from contracts.events import LISTEN_EVENTS
from streaming.erase.user import _alone, erase_user
from streaming.retention import expire_event
from tests.streaming.judging import BATCH_AT

from .lake import ANN, BOB, CrashError, ErasingLake, KilledStore, broken, csv_of, of, positions

BUCKETS = ("gs", "s3")


@pytest.fixture(
    params=["folder", *(pytest.param(f"{each}_lake", marks=pytest.mark.cloud) for each in BUCKETS)]
)
def anywhere(request, tmp_path) -> ErasingLake:
    """A filled lake in a folder, and in buckets."""
    place = "" if request.param == "folder" else request.getfixturevalue(request.param)
    return filled(ErasingLake(tmp_path, place))


def filled(lake: ErasingLake) -> ErasingLake:
    """A lake with rows and rejects of Ann, Bob and guests: landed, replayed, and from a file."""
    lake.land(of(ANN, 0), of(BOB, 1), of(None, 2), *broken(ANN, 3), of(BOB, 4, level="trial"))
    lake.replay()
    lines = [of(ANN, 10), of(BOB, 11), of(ANN, 12, level="x"), of(BOB, 13, level="x")]
    lake.land_file(csv_of(lines, f"1,{ANN}".encode(), f"1,{BOB}".encode()))
    lake.land(of(BOB, 5), of(BOB, 6))
    lake.land(of(ANN, 7), of(ANN, 8))
    return lake


def others(rows) -> list:
    """The rows that are not Ann's."""
    return [row for row in rows if str(ANN) not in str(row).replace(r"\\u0037", "7")]


def check_erased(lake: ErasingLake, rows, rejects) -> None:
    """Nothing names Ann, nothing else is gone, and the sums hold."""
    assert lake.names(ANN) == []
    assert lake.rows() == others(rows)
    assert lake.rejects() == others(rejects)
    lake.check_sums()


def test_a_user_is_nowhere_and_all_else_as_it_was(anywhere):
    lake = anywhere
    rows, rejects = lake.rows(), lake.rejects()
    assert lake.names(ANN)

    done = lake.erase()

    check_erased(lake, rows, rejects)
    (erasure,) = lake.manifests("erasure")
    assert (erasure.user_hash, erasure.batch, erasure.format) == (done.user_hash, 1, 2)
    told = done.events["listen_events"]
    assert sum(told.hours.values()) == len(rows) - len(lake.rows())
    assert sum(told.rejects.values()) == len(rejects) - len(lake.rejects())
    assert told.files == len({each.path for each in erasure.erased})
    assert str(ANN) not in str(done.as_json()) + repr(done)
    assert [each.split(" was ")[0] for each in done.remains][-1] == "Postgres"
    assert len(done.remains) == 1 + ("://" in lake.address)


def test_a_file_of_which_nothing_is_left_stays_empty(lake):
    landed = lake.land(of(ANN, 0))

    lake.erase()

    file = pq.read_table(lake.store.url(landed.files[0].path))
    assert (file.num_rows, file.schema.names[0]) == (0, "event_id")


def test_a_row_is_the_users_too_if_fields_that_nobody_knows_say_so(lake):
    lake.land(of(None, 0, user_id=ANN), of(BOB, 1, other=ANN // 2))

    lake.erase()

    assert [row["user_id"] for row in lake.rows()] == [BOB]


def test_of_anothers_row_only_the_fields_go_that_nobody_knows(lake):
    landed = lake.land(of(BOB, 0, invited_by=ANN), of(BOB, 1, invited_by=1234567))
    before = lake.rows()

    told = lake.erase().events["listen_events"]
    lake.land(of(BOB, 2, invited_by=ANN))

    assert lake.names(ANN) == []
    assert [row["unknown_fields"] for row in lake.rows()] == [None, '{"invited_by":1234567}', None]
    assert lake.rows()[:2] == [before[0] | {"unknown_fields": None}, before[1]]
    (erasure,) = lake.manifests("erasure")
    assert [(each.path, each.rows) for each in erasure.erased] == [(landed.files[0].path, 0)]
    assert (told.hours, told.files) == ({}, 1)
    lake.check_sums()


SHORT = 4711
"""An id that might be any number."""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param(
            "listen_events.json",
            of(BOB, 0, userId="x", user_id=SHORT, occurred_at=1, sessionId=SHORT) + b"\n",
            id="under the lake's name and the wire's",
        ),
        pytest.param(
            "listen_events.csv",
            csv_of([of(BOB, 0, userId="x", sessionId=SHORT)]),
            id="in another cell of a table",
        ),
    ],
)
def test_a_records_reject_goes_by_all_that_the_file_has(tmp_path, name, content):
    before, after = ErasingLake(tmp_path / "before"), ErasingLake(tmp_path / "after")
    assert before.land_file(content, name).rejected == 1

    for lake in (before, after):
        lake.erase(SHORT)
    after.land_file(content, name)

    assert before.rejects() == after.rejects() == []
    assert after.manifests("files")[0].suppressed == 1
    for lake in (before, after):
        lake.check_sums()


def test_erasing_twice_does_nothing_more(tmp_path):
    lake = filled(ErasingLake(tmp_path))
    first = lake.erase()
    paths = {path: lake.store.read(path) for path in lake.store.list("listen_events")}

    again = lake.erase()

    assert again.events == first.events
    assert len(lake.manifests("erasure")) == 1
    assert paths == {path: lake.store.read(path) for path in lake.store.list("listen_events")}


def test_who_is_unknown_is_put_on_the_list_all_the_same(lake):
    lake.land(of(BOB, 0))

    done = lake.erase()

    assert done.events["listen_events"].files == 0
    assert lake.manifests("erasure")[0].erased == ()
    lake.land(of(ANN, 1), of(BOB, 2))
    assert [row["user_id"] for row in lake.rows()] == [BOB, BOB]


def test_what_comes_later_does_not_bring_the_user_back(tmp_path):
    lake = filled(ErasingLake(tmp_path))
    lake.erase()
    rows, rejects = len(lake.rows()), len(lake.rejects())

    manifest = lake.land(of(ANN, 20), of(BOB, 21), *broken(ANN, 22), of(BOB, 23, level="trial"))
    lake.replay()
    lake.land_file(csv_of([of(ANN, 30), of(BOB, 31)], f"1,2,{ANN}".encode(), b"1,2,3"))

    assert lake.names(ANN) == []
    assert (len(lake.rows()), len(lake.rejects())) == (rows + 3, rejects + 2)
    assert (manifest.suppressed, manifest.suppressions) == (8, 1)
    assert manifest.offsets[0].suppressed == 8
    part = lake.manifests("files")[-1].part
    assert (part.accepted, part.rejected, part.not_data, part.suppressed) == (1, 1, 1, 2)
    lake.check_sums()


def test_two_users_may_leave_the_same_files(tmp_path):
    lake = filled(ErasingLake(tmp_path))
    lake.erase(ANN)

    lake.erase(BOB)

    assert lake.names(ANN) == lake.names(BOB) == []
    assert [row["user_id"] for row in lake.rows()] == [None]
    lake.check_sums()


def test_hours_that_expired_are_passed_over(tmp_path):
    lake = filled(ErasingLake(tmp_path))
    expire_event(lake.store, "listen_events", BATCH_AT.replace(hour=0, minute=0))

    lake.erase()
    lake.land(of(ANN, 1), of(BOB, 2))

    assert lake.names(ANN) == []
    assert lake.rows() == []


def test_rejects_of_which_the_erased_were_replayed_stay_landed_once(lake):
    lake.land(*(of(each, number, level="trial") for number, each in enumerate([ANN, BOB, ANN])))
    lake.replay()
    lake.erase()

    assert lake.replay().landed == 0
    assert positions(lake.rows()) == {1: 1}


def killed(lake: ErasingLake, writes: int, *, after: bool) -> bool:
    """Whether an erasure was killed at that write; otherwise it came to its end."""
    store = KilledStore(lake.store.root, writes, after=after)
    with suppress(CrashError):
        lake.erase(store=store)
    return store.left <= 0


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
def test_killed_at_any_write_the_next_run_finishes_it(tmp_path, after):
    standing = filled(ErasingLake(tmp_path / "standing"))
    rows, rejects = standing.rows(), standing.rejects()
    writes = 1
    while True:
        folder = tmp_path / str(writes)
        shutil.copytree(tmp_path / "standing", folder)
        lake = ErasingLake(folder)
        if not killed(lake, writes, after=after):
            break
        unfinished = read_erasure(lake.store, lake.hash_of(ANN))
        assert after or unfinished is None or unfinished.finished_at is None

        done = lake.erase()

        check_erased(lake, rows, rejects)
        assert read_erasure(lake.store, done.user_hash).finished_at
        assert len(lake.manifests("erasure")) == 1
        shutil.rmtree(folder)
        writes += 1
    assert writes > 8


STEPS = st.lists(
    st.sampled_from(["land", "guest", "rejects", "replay", "file", "erase", "killed"]),
    max_size=5,
)
MEANWHILE = st.sampled_from(["nothing", "erase", "killed"])


@settings(max_examples=15, deadline=None)
@given(before=STEPS, meanwhile=MEANWHILE, after=STEPS, writes=st.integers(1, 12))
def test_whatever_happens_in_whatever_order_the_user_is_nowhere(
    tmp_path_factory, before, meanwhile, after, writes
):
    lake = ErasingLake(tmp_path_factory.mktemp("lake"))
    expected: set[int] = set()

    def message(user: int | None, **fields: object) -> bytes:
        return of(user, len(lake.sent) + 1, **fields)

    def land(*messages: bytes, while_it_runs=lambda: None) -> None:
        start = len(lake.sent)
        lake.land(*messages, meanwhile=while_it_runs)
        expected.update(
            start + n for n, each in enumerate(messages) if str(ANN).encode() not in each
        )

    steps = {
        "nothing": lambda: None,
        "land": lambda: land(message(ANN), message(BOB)),
        "guest": lambda: land(message(None), message(ANN)),
        "rejects": lambda: land(message(ANN, level="trial"), message(BOB, level="trial")),
        "replay": lake.replay,
        "file": lambda: lake.land_file(csv_of([message(ANN), message(BOB)], f"{ANN}".encode())),
        "erase": lake.erase,
        "killed": lambda: killed(lake, writes, after=bool(writes % 2)),
    }
    for step in before:
        steps[step]()
    land(message(ANN), message(BOB), while_it_runs=steps[meanwhile])
    for step in after:
        steps[step]()
    lake.erase()
    steps["replay"]()

    assert lake.names(ANN) == []
    lake.check_sums()
    kafka = [
        row for row in (*lake.rows(), *lake.rejects()) if row["kafka_topic"] == "listen_events"
    ]
    assert {row["kafka_offset"] for row in kafka} == expected
    assert max(positions(lake.rows()).values(), default=1) <= 1 + lake.files
    lake.check_fences()


def test_a_list_that_lost_entries_is_told_and_nothing_lands(lake):
    lake.land(of(BOB, 0))
    lake.erase()
    committer = lake.committer()
    lake.store.delete("_suppressed/000000000001.json")
    lake.erase(BOB)
    lake.store.delete("_suppressed/000000000001.json")
    lake.send(of(ANN, 1))

    with pytest.raises(LakeError, match="is gone, and batches were made by it: restore it"):
        committer.commit(lake.batches, lambda *_: pytest.fail("nothing is read"))


def test_a_list_that_is_lost_altogether_is_told_and_can_begin_anew(tmp_path):
    lake = filled(ErasingLake(tmp_path))
    lake.erase()
    lake.erase(BOB + 1)
    lake.land(of(BOB, 30))
    for path in list(lake.store.list("_suppressed")):
        lake.store.delete(path)
    shutil.rmtree(tmp_path / "suppressed")
    settings = lake.settings

    with pytest.raises(LakeError, match="where it is lost for good, `musicflow forget --new-key`"):
        lake.erase(BOB)
    with pytest.raises(LakeError, match="is gone, and batches were made by it"):
        lake.land(of(BOB, 31))
    erase_user(settings, [LISTEN_EVENTS], BOB, "Ada", new_key=True)
    lake.commit()

    assert lake.names(BOB) == []
    lake.check_sums()


def test_a_lake_without_files_that_its_manifests_name_is_told(lake):
    landed = lake.land(of(ANN, 0))
    lake.store.delete(landed.files[0].path)

    with pytest.raises(LakeError, match="has no listen_events/date=2026-01-01"):
        lake.erase()


def test_one_erasure_of_a_machine_runs_at_a_time(lake):
    with _alone(lake.settings), pytest.raises(UnavailableError, match="another user is being"):
        lake.erase()


def test_no_lake_is_told(lake, tmp_path):
    settings = lake.settings.model_copy(update={"lake_folder": str(tmp_path / "none")})

    with pytest.raises(LakeError, match="there is no lake in"):
        erase_user(settings, [], ANN, "Ada")


def test_another_key_is_refused_unless_it_is_to_be_another(tmp_path):
    lake = filled(ErasingLake(tmp_path))
    lake.erase()
    settings = lake.settings
    object.__setattr__(settings, "_suppression_key", "another")

    with pytest.raises(ConfigurationError, match="is not the key that this lake's list"):
        erase_user(settings, [LISTEN_EVENTS], BOB, "Ada")
    erase_user(settings, [LISTEN_EVENTS], BOB, "Ada", new_key=True)

    assert lake.names(BOB) == lake.names(ANN) == []
    lake.check_sums()

"""Landing into buckets: the same promises as in a folder, on a storage that misbehaves too."""

import os
import signal
import sys
import threading
from contextlib import nullcontext

import pytest
from click.testing import CliRunner

from contracts.errors import ConfigurationError, LakeError
from contracts.events import LISTEN_EVENTS
from contracts.expiry import read_expiry
from contracts.health import read_health
from contracts.lake import HOUR, LAKE_RECORD, hour_key, manifest_path
from contracts.progress import read_progress
from contracts.store import open_store
from local.object_stores import s3_environment
from streaming.__main__ import main
from streaming.landing import land
from streaming.settings import LandingSettings
from tests.cloud.conftest import POISON
from tests.cloud.faulty import FAULTS, faulty
from tests.streaming.landed import (
    DEADLINE,
    START,
    TOPIC,
    check_all_accounted_for,
    land_in_spite_of_faults,
    land_to_the_end,
    landing_process,
    manifests,
    until,
)

pytestmark = [pytest.mark.cloud, pytest.mark.integration]


@pytest.fixture
def land_once(spark):
    """Lands what Kafka holds, in this process, with the checkpoint in a folder."""

    def run(settings: LandingSettings) -> None:
        # Its Java began without the variables that lead to the storage; workers need them.
        variables = ("STORAGE_EMULATOR_HOST", *s3_environment("", "", ""))
        known = {each: os.environ[each] for each in variables if each in os.environ}
        spark.sparkContext.environment.update(known)
        stop = threading.Event()
        land(settings, [LISTEN_EVENTS], stop, once=True, session=lambda _: nullcontext(spark))

    return run


@pytest.mark.parametrize("bucket", ["gs_lake", "s3_lake"])
def test_all_is_accounted_for_in_a_bucket(request, bucket, settings_of, land_once, topic):
    settings = settings_of(request.getfixturevalue(bucket))
    land_once(settings)
    topic.send(20, [b"again"])
    land_once(settings)

    check_all_accounted_for(settings, topic)
    assert len(manifests(settings)) == 2
    store = open_store(settings.lake)
    progress = read_progress(store, TOPIC)
    assert progress.committed == progress.held
    assert read_health(store, TOPIC) is not None


@pytest.mark.parametrize("bucket", ["gs_lake", "s3_lake"])
def test_rejects_in_a_bucket_are_replayed_once_contract_or_limit_is_mended(
    request, bucket, settings_of, land_once, topic
):
    settings = settings_of(request.getfixturevalue(bucket))
    land_once(settings.model_copy(update={"max_event_bytes": 100}))
    (landed,) = manifests(settings)
    assert landed.accepted == 0
    hour = landed.batch_at.replace(minute=0, second=0, microsecond=0)
    hours = ["--from", hour.isoformat(), "--to", (hour + HOUR).isoformat()]
    where = ["--lake", settings.lake, "--home", str(settings.home), "--start", START]

    for _ in range(2):
        done = CliRunner().invoke(main, ["replay-rejects", *hours, "--event", TOPIC, *where])
        assert done.exit_code == 0, done.output

    assert sum(each.accepted for each in manifests(settings)) == topic.good
    assert [each.kind for each in manifests(settings)] == ["stream", "replay"]


@pytest.mark.parametrize("bucket", ["gs_lake", "s3_lake"])
def test_old_hours_expire_in_a_bucket(request, bucket, settings_of, land_once, topic):
    settings = settings_of(request.getfixturevalue(bucket))
    land_once(settings)
    hours = sorted({file.hour for each in manifests(settings) for file in each.files})
    where = ["--lake", settings.lake, "--home", str(settings.home), "--event", TOPIC]

    day, _, time = hours[1].rpartition("-")
    done = CliRunner().invoke(main, ["expire", "--before", f"{day}T{time}", *where])

    assert done.exit_code == 0, done.output
    store = open_store(settings.lake)
    assert hour_key(read_expiry(store, TOPIC).before) == hours[1]
    files = [file for each in manifests(settings) for file in each.files]
    assert set(store.list(TOPIC)) == {each.path for each in files if each.hour >= hours[1]}


def test_a_checkpoint_in_the_bucket_outlives_the_machine(gs_lake, settings_of, topic):
    checkpoints = f"{gs_lake}-checkpoints"
    land_to_the_end(settings_of(gs_lake, checkpoints_folder=checkpoints))
    topic.send(20)
    elsewhere = settings_of(gs_lake, home="another-machine", checkpoints_folder=checkpoints)

    land_to_the_end(elsewhere)

    check_all_accounted_for(elsewhere, topic)
    assert len(manifests(elsewhere)) == 2
    assert len({each.writer for each in manifests(elsewhere)}) == 1


@pytest.mark.emulator
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="workers die with their parent on Linux only")
def test_killed_in_mid_batch_on_a_storage_that_misbehaves_it_lands_all_once(
    fake_gcs, gs_lake, settings_of, topic, monkeypatch
):
    topic.send(3000, POISON)
    settings = settings_of(
        gs_lake, checkpoints_folder=f"{gs_lake}-checkpoints", max_offsets_per_trigger=2000
    )
    limits = {"MUSICFLOW_MAX_OFFSETS_PER_TRIGGER": "2000"}
    store = open_store(gs_lake)
    with faulty(fake_gcs.endpoint, share=0.07, seed=3) as storage:
        # After an answer that was cut Google's connector for Hadoop gives up, and landing ends.
        storage.kinds = tuple(each for each in FAULTS if each != "cut")
        beyond = {"STORAGE_EMULATOR_HOST": storage.endpoint, **limits}
        for seq in (0, 1):
            with landing_process(settings, **beyond) as process:
                until(
                    lambda p=process, n=seq: (
                        (len(manifests(settings)) >= n and any(store.list("_attempts")))
                        or p.poll() is not None
                    ),
                    "a batch in hand",
                )
                process.kill()
        land_in_spite_of_faults(settings, **beyond)

    assert storage.met.total() > 5
    check_all_accounted_for(settings, topic)


def test_of_two_landing_jobs_one_says_so_and_stops(gs_lake, settings_of, land_once, topic):
    one, other = settings_of(gs_lake, home="one"), settings_of(gs_lake, home="other")
    with landing_process(one) as first, landing_process(other) as second:
        both = (first, second)
        sent = 0

        def one_has_ended() -> bool:
            nonlocal sent
            if sent < 100:
                topic.send(5)
                sent += 1
            return any(each.poll() is not None for each in both)

        until(one_has_ended, "the end of one")
        lost, won = both if first.poll() is not None else both[::-1]
        said = lost.stderr.read()
        assert lost.returncode == 1, said
        assert "Traceback" not in said
        assert "another landing job has written" in said or "another writer" in said
        won.send_signal(signal.SIGTERM)
        said = won.communicate(timeout=DEADLINE)[1]
        assert won.returncode == 0, said
    land_once(one if won is first else other)

    check_all_accounted_for(one, topic)


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        pytest.param("_batches", "ahead of the lake", id="its manifests"),
        pytest.param(LAKE_RECORD, "another lake", id="its record"),
    ],
)
def test_a_half_deleted_lake_is_one_clear_line(gs_lake, settings_of, land_once, lost, told):
    settings = settings_of(gs_lake)
    land_once(settings)
    store = open_store(gs_lake)
    for path in [*store.list(lost), *([lost] if store.exists(lost) else [])]:
        store.delete(path)

    with pytest.raises(ConfigurationError, match=told):
        land_once(settings)


def test_a_manifest_that_cannot_be_read_is_one_clear_line(gs_lake, settings_of, land_once):
    settings = settings_of(gs_lake)
    land_once(settings)
    open_store(gs_lake).put(manifest_path(TOPIC, 1), b"half a mani")

    with pytest.raises(LakeError, match="cannot be read"):
        land_once(settings)


@pytest.mark.parametrize("scheme", ["gs", "s3"])
def test_a_bucket_that_is_not_there_is_one_clear_line(gs_lake, s3_lake, tmp_path, topic, scheme):
    where = ["--once", "--kafka", topic.address, "--home", str(tmp_path)]

    answer = CliRunner().invoke(main, [*where, "--lake", f"{scheme}://nobody-s-bucket/lake"])

    assert answer.exit_code == 1
    assert answer.output.splitlines() == [
        f"landing: there is no bucket {scheme}://nobody-s-bucket: create it, or name another"
    ]

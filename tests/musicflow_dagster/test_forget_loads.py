"""Loads, plans and proofs beside erasures: what is erased is told from what is lost."""

import shutil

import pytest

from contracts.errors import ConfigurationError
from contracts.lake import HOUR, hour_key
from contracts.manifests import ManifestLog
from contracts.suppression import SuppressionKey, read_suppressions
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.reconciliation import reconcile
from streaming.erase import event_erasure
from tests.builders import FIRST_HOUR, listen
from tests.musicflow_dagster.forgetting import USER
from tests.musicflow_dagster.small_platform import HOURS, TOPIC, Platform


@pytest.fixture
def platform(settings, lake) -> Platform:
    small = Platform(settings, lake)
    small.fill()
    assert reconcile(settings).holds
    return small


def test_an_erasure_reopens_just_the_hours_that_it_names(platform):
    assert platform.planned() == []

    platform.erase()

    assert platform.planned() == ["2026-01-01-00:00...2026-01-01-01:00"]
    platform.build()
    assert platform.planned() == []


def test_what_was_erased_is_accounted_for(platform, settings):
    before = reconcile(settings).totals[TOPIC]
    platform.erase()
    waiting = reconcile(settings)
    report = platform.build()
    after = reconcile(settings)

    assert not waiting.holds
    assert after.findings == ()
    assert (after.totals[TOPIC].erased, after.totals[TOPIC].landed) == (8, before.landed)
    assert after.totals[TOPIC].raw == before.raw - 7
    assert [each.erased for each in report.loaded.values()] == [4, 4, 0]
    assert USER not in platform.users()


def test_files_that_are_not_written_anew_yet_load_without_the_user(platform, settings, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(event_erasure, "rewrite", killed)
        with pytest.raises(KeyboardInterrupt):
            platform.erase()
    report = platform.build()
    half_done = reconcile(settings)
    platform.erase()
    done = reconcile(settings)

    assert report.refused == {}
    assert USER not in platform.users()
    assert half_done.findings == ()
    assert done.findings == ()
    assert done.totals[TOPIC].erased == 8


def test_a_batch_that_landed_with_an_older_list_loads_without_the_user(platform, settings):
    platform.erase()
    platform.lake.land(TOPIC, [listen(2, 300, user_id=USER), listen(2, 301)])
    platform.lake.catch_up(HOURS.end + HOUR)
    report = platform.build()

    assert USER not in platform.users()
    assert report.loaded[FIRST_HOUR + 2 * HOUR].erased == 1
    assert reconcile(settings).holds


def test_copies_of_the_user_and_of_others_are_told_apart(platform, settings):
    theirs = [listen(2, 400, user_id=USER)] * 2
    platform.lake.land(TOPIC, [*theirs, listen(2, 1)])
    platform.suppress()
    report = platform.build().loaded[FIRST_HOUR + 2 * HOUR]

    assert (report.raw_rows, report.duplicates, report.erased) == (5, 1, 2)


def test_rows_of_nobody_stay(platform):
    platform.lake.land(TOPIC, [listen(2, 500, user_id=None)])
    platform.suppress()
    platform.build()

    assert None in platform.users()


def test_a_file_that_lost_other_rows_than_were_erased_is_refused(platform, settings):
    platform.erase()
    first = ManifestLog(platform.lake.store, TOPIC).read(1).files[0]
    smaller = platform.lake.land(TOPIC, [listen(0, 900)]).files[0]
    platform.lake.store.put(first.path, platform.lake.store.read(smaller.path))

    report = platform.build()

    assert "manifests say 9 rows, the files hold 2" in report.refused[FIRST_HOUR].reason
    told = f"{first.path} holds 1 rows, its manifest says {first.rows} rows"
    assert any(each.what.startswith(told) for each in reconcile(settings).findings)


def test_a_file_that_comes_back_with_erased_rows_is_found_and_loads_without_them(
    platform, settings
):
    first = ManifestLog(platform.lake.store, TOPIC).read(1).files[0]
    restored = platform.lake.store.read(first.path)
    platform.erase()
    platform.build()
    platform.lake.store.put(first.path, restored)

    [finding] = reconcile(settings).findings
    platform.build()
    platform.erase()

    assert finding.what.endswith("of which 3 are erased (back in it? run `musicflow forget` again)")
    assert USER not in platform.users()
    assert reconcile(settings).findings == ()


def test_another_key_is_refused_before_anything_is_loaded(platform, settings):
    platform.suppress()

    with pytest.raises(ConfigurationError, match="is not the key that this lake's list"):
        read_suppressions(platform.lake.store, SuppressionKey("another"))
    (settings.home / "suppression.key").unlink()
    with pytest.raises(ConfigurationError, match="its key is not here"):
        platform.build()


def test_an_index_made_again_knows_the_same_as_one_that_followed(platform, settings):
    platform.erase()
    index = manifest_index(settings)
    index.refresh()
    followed = index.fingerprints(), index.hours(TOPIC, HOURS.start, HOURS.end)
    shutil.rmtree(settings.index.parent)
    index.refresh()

    assert (index.fingerprints(), index.hours(TOPIC, HOURS.start, HOURS.end)) == followed
    assert index.hours(TOPIC, *_bounds(0))[0][FIRST_HOUR].erased == 4
    assert index.erasures(hour_key(FIRST_HOUR), hour_key(FIRST_HOUR + HOUR))


def _bounds(hour: int):
    return FIRST_HOUR + hour * HOUR, FIRST_HOUR + (hour + 1) * HOUR

"""Spark's checkpoint in an S3 bucket: opt-in, because Amazon's SDK for it weighs 700 MB.

`MUSICFLOW_TEST_S3A=1 pytest -m cloud` runs this, and all else that needs an S3, on a MinIO that is
built from source.
"""

import pytest

from contracts.store import open_store
from streaming.settings import LandingSettings
from tests.streaming.landed import check_all_accounted_for, land_to_the_end, manifests

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.integration,
    pytest.mark.opt_in("MUSICFLOW_TEST_S3A"),
    pytest.mark.timeout(1200),
]


def test_a_checkpoint_in_an_s3_bucket_outlives_the_machine(s3_lake, settings_of, topic):
    checkpoints = f"{s3_lake}-checkpoints"

    def settings(home: str) -> LandingSettings:
        return settings_of(s3_lake, home=home, checkpoints_folder=checkpoints)

    land_to_the_end(settings("one-machine"))
    topic.send(20)
    land_to_the_end(settings("another"))

    check_all_accounted_for(settings("another"), topic)
    assert len(manifests(settings("another"))) == 2
    assert len({each.writer for each in manifests(settings("another"))}) == 1
    assert open_store(checkpoints).exists("listen_events/metadata")

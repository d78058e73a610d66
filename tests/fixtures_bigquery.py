"""A BigQuery for tests: the emulator, one for the whole run, or a real project on demand."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.bigquery_emulator import BigQuery, bigquery_emulator
from local.object_stores import ObjectStore

DOWNLOADS = Path(__file__).parents[1] / ".musicflow" / "cache"


@pytest.fixture(scope="session")
def bigquery(fake_gcs: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQuery]:
    """Where a BigQuery answers, which loads from the fake GCS.

    Each test makes datasets with a prefix of its own.
    """
    project = os.environ.get("MUSICFLOW_TEST_PROJECT")
    if project:
        yield BigQuery(project)
        return
    log = tmp_path_factory.mktemp("bigquery") / "emulator.log"
    with bigquery_emulator(DOWNLOADS, log, storage=fake_gcs.endpoint) as emulator:
        yield emulator

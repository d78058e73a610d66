"""The demo on a cloud of this machine comes to what the demo in folders comes to."""

import pytest

from tests.local.test_demo import processes_of, run_demo

pytestmark = [
    pytest.mark.cloud, pytest.mark.emulator, pytest.mark.integration, pytest.mark.timeout(1800),
]  # fmt: skip


def outcome(report: dict) -> dict:
    return {key: report[key] for key in ("topics", "facts", "hours", "reconciled")}


def test_the_same_events_come_to_the_same_rows_in_bigquery_and_in_duckdb(tmp_path, fake_gcs):
    here, _ = run_demo(tmp_path, "--users", "40")
    there, shown = run_demo(tmp_path, "--users", "40", "--cloud", "gs")

    assert outcome(there) == outcome(here)
    assert there["reconciled"] is True
    assert there["hours"] == 24
    assert there["facts"]["fct_streams"] > 0
    assert "every event accounted for: yes" in shown
    assert processes_of(tmp_path) == []

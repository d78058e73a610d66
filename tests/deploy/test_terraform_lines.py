"""What Google's alerts read in the log is what the stations write there."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest

from contracts.health import Alert
from contracts.logs import configure_logs
from contracts.manifests import Manifest, Measures
from musicflow_dagster.automation.alerts import alert_sensor, told
from musicflow_dagster.settings import Settings
from streaming.report import log_batch
from streaming.telling import Teller
from tests.deploy.terraform import worked_out

pytestmark = pytest.mark.integration

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("stalled", "lag_growing", "many_rejects")


@pytest.fixture(scope="module")
def filters() -> dict[str, str]:
    """The filters of log lines, by what they count."""
    lines = worked_out(
        "merge(local.alert_lines, local.other_lines)", "alerts", "lines.tf", late_seconds=1800
    )
    assert isinstance(lines, dict)
    return lines


def counts(wanted: str, entry: dict[str, object]) -> bool:
    """Whether the filter counts an entry of the log: its language, as far as we use it."""
    return any(
        all(_holds(condition, entry) for condition in alternative.strip("() ").split(" AND "))
        for alternative in wanted.split(" OR ")
    )


def _holds(condition: str, entry: dict[str, object]) -> bool:
    found = re.fullmatch(r'([\w.]+?)(=~|=|:| > )("(.*)"|\d+)', condition.strip())
    assert found, condition
    value: object = entry
    for part in found[1].split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return False
    if found[2] == " > ":
        return float(str(value)) > float(found[3])
    wanted = json.loads(found[3])
    if found[2] == "=":
        return value == wanted
    return bool(re.search(wanted, str(value)) if found[2] == "=~" else wanted in str(value))


def entries(line: str) -> Iterator[dict[str, object]]:
    """A line as GKE hands it to the log, and as Dataproc and a machine of its own do."""
    yield {"jsonPayload": json.loads(line)} if line.startswith("{") else {"textPayload": line}
    yield {"jsonPayload": {"message": line}}


@pytest.fixture
def last_line(capsys):
    """Tells the last line that a station wrote, as JSON."""
    configure_logs(json=True)
    yield lambda: capsys.readouterr().err.splitlines()[-1]
    configure_logs()


@pytest.mark.parametrize("kind", KINDS)
def test_an_alert_of_landings_is_counted_as_what_it_is(filters, kind, last_line):
    Teller(None).tell({"listen_events": [Alert(kind, NOW, "so it is")]})
    line = last_line()

    for entry in entries(line):
        assert [name for name, wanted in filters.items() if counts(wanted, entry)] == [kind]


def test_the_end_of_an_alert_is_not_counted(filters, last_line):
    teller = Teller(None)
    teller.tell({"listen_events": [Alert("stalled", NOW, "so it is")]})
    teller.tell({})
    line = last_line()

    assert "alert is over" in line
    for entry in entries(line):
        assert not any(counts(wanted, entry) for wanted in filters.values())


@pytest.mark.parametrize(("lag", "is_late"), [(1800.0, False), (1801.0, True)])
def test_a_batch_is_counted_and_so_is_its_lag(filters, last_line, lag, is_late):
    log_batch(manifest(lag), {"land": 1.0})
    as_fields, as_text = entries(last_line())

    assert counts(filters["committed"], as_fields)
    assert counts(filters["committed"], as_text)
    assert counts(filters["late"], as_fields) == is_late


def manifest(lag: float) -> Manifest:
    """What landing wrote down of a batch that left `lag` seconds."""
    return Manifest(
        event="listen_events", seq=1, kind="stream", writer="3f2a", batch=1, batch_at=NOW,
        committed_at=NOW, contract_version=1, offsets=(), accepted=0, rejected=0,
        rejected_by_reason={}, files=(), rejected_files=(),
        measures=Measures(0, {}, {}, lag_messages=1, lag_seconds=lag),
    )  # fmt: skip


def test_a_run_that_failed_is_counted(filters):
    text = told(dg.DagsterInstance.ephemeral(), dg.DagsterRun(job_name="hourly"))
    name = alert_sensor(Settings()).name
    line = (
        f"2026-11-22 06:32:20 +0000 - dagster.daemon.SensorDaemon - INFO - Sensor {name} skipped: "
    )

    for entry in entries(line + text):
        assert counts(filters["failed_runs"], entry)
    for entry in entries(line + "no run has failed since the last tick"):
        assert not counts(filters["failed_runs"], entry)


def test_a_run_that_went_well_is_counted(filters, capfd):
    @dg.job(name="hourly")
    def nothing() -> None:
        pass

    with dg.DagsterInstance.ephemeral() as instance:
        nothing.execute_in_process(instance=instance)
    finished = [line for line in capfd.readouterr().err.splitlines() if "RUN_SUCCESS" in line]

    assert len(finished) == 1
    for entry in entries(finished[0]):
        assert counts(filters["finished_runs"], entry)

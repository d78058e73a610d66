"""The job that lands files: through Spark, by landing's command; its counts are metadata."""

import json
import subprocess
import sys

import pytest
from dagster_pyspark import LazyPySparkResource
from pydantic import Field

from contracts.manifests import ManifestLog
from contracts.store import open_store
from musicflow_dagster.automation import batch_files
from musicflow_dagster.automation.batch_files import batch_job, spark_resource
from musicflow_dagster.settings import REPOSITORY, Settings
from tests.builders import FIRST_HOUR
from tests.streaming.messages import listen

LANDED = {"file": "a.csv", "event": "listen_events", "accepted": 3, "rejected": 1}
BEFORE = LANDED | {"file": "copy.csv", "landed_before": True}
WRONG = {"file": "x.csv", "problem": "x.csv is empty", "try_again": False}
AWAY = {"file": "y.csv", "problem": "the disk is full", "try_again": True}


class LocalSpark(LazyPySparkResource):
    """Stands in for Spark: runs everything at once, here."""

    spark_config: dict[str, str] = Field(default_factory=dict)

    @property
    def spark_context(self):
        return self

    def parallelize(self, names, _):
        return LocalRows(names)


class LocalRows(list):
    def flatMap(self, function):  # noqa: N802 - as Spark calls it
        return LocalRows(each for name in self for each in function(name))

    def collect(self):
        return list(self)


@pytest.fixture
def run(settings, monkeypatch):
    """Run the job on files of which the command tells what is given."""
    monkeypatch.setattr(batch_files, "_java_home", lambda _: "java")
    monkeypatch.setattr(batch_files, "RETRY", None)

    def job(*told):
        answers = {each["file"]: each for each in told}
        monkeypatch.setattr(batch_files, "landed", lambda _, name: [answers[name]])
        result = batch_job(settings).execute_in_process(
            run_config={"ops": {"land_files": {"config": {"files": list(answers)}}}},
            resources={"pyspark": LocalSpark()},
            raise_on_error=False,
        )
        observed = [
            each.asset_observation_data.asset_observation
            for each in result.all_events
            if each.is_asset_observation
        ]
        failures = [
            each.step_failure_data.user_failure_data.description
            for each in result.all_events
            if each.is_step_failure
        ]
        return observed, failures

    return job


def test_the_counts_of_new_files_are_the_lakes_metadata(run):
    [observation], failures = run(LANDED, BEFORE)
    numbers = {name: each.value for name, each in observation.metadata.items()}

    assert observation.asset_key.path == ["lake", "listen_events"]
    assert failures == []
    assert numbers == {
        "files": 2, "landed_before": 1, "accepted": 3, "rejected": 1, "by_file": [LANDED, BEFORE],
    }  # fmt: skip


def test_files_that_are_wrong_are_told_when_all_others_have_landed(run):
    [observation], failures = run(WRONG, LANDED, AWAY)

    assert observation.metadata["accepted"].value == 3
    assert failures == ["2 of 3 files did not land: x.csv is empty; the disk is full"]


@pytest.mark.integration
def test_with_a_real_spark_files_land_once_and_the_wrong_one_is_named(settings, tmp_path):
    """In a process of its own, as Dagster runs it: Spark's session is the process's."""
    good, wrong = tmp_path / "listen_events.json", tmp_path / "auth_events.csv"
    good.write_bytes(listen(1) + b"\n" + b"not json\n")
    wrong.write_text("a,b\n1,2\n")
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(settings.home), str(good), str(wrong)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    [manifest] = ManifestLog(open_store(settings.lake), "listen_events").after(0)

    assert (manifest.kind, manifest.accepted, manifest.rejected) == ("files", 1, 1)
    assert told["landed"]["accepted"] == told["landed"]["rejected"] == 1
    assert "1 of 2 files did not land: auth_events.csv has no column ts" in told["failure"]


def main(home: str, *files: str) -> None:
    """Run the job as it is, and tell what it observed and why it failed."""
    settings = Settings(home=home, start=FIRST_HOUR)
    result = batch_job(settings).execute_in_process(
        run_config={"ops": {"land_files": {"config": {"files": list(files)}}}},
        resources={"pyspark": spark_resource(settings)},
        raise_on_error=False,
    )
    [observed] = [each for each in result.all_events if each.is_asset_observation]
    [failed] = [each for each in result.all_events if each.is_step_failure]
    metadata = observed.asset_observation_data.asset_observation.metadata
    told = {
        "landed": {name: each.value for name, each in metadata.items()},
        "failure": failed.step_failure_data.user_failure_data.description,
    }
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

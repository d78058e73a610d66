"""The job that lands batch files: Spark spreads them over its cores, each is landed once.

The session is dagster-pyspark's, so that what runs where is configured as for any job of Dagster's
with Spark. On its workers the command of landing does the rest: it knows the contract, and stations
never import each other.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pydantic import Field

from contracts.events import EVENTS_BY_NAME
from musicflow_dagster.assets.keys import lake_key
from musicflow_dagster.file_command import landed
from musicflow_dagster.settings import Settings

BATCH = "batch_files"
OP = "land_files"
FILES_ARE_WRONG = "musicflow/files"
"""Tag of a run that failed only because files are wrong: trying again is of no use."""
RETRY = dg.RetryPolicy(max_retries=6, delay=60, backoff=dg.Backoff.EXPONENTIAL)
"""Where the lake can't be written, or Postgres is away, for an hour; a wrong file stays so."""


class FilesConfig(dg.Config):
    """Which files are landed, and where."""

    files: list[str] = Field(description="Paths, folders or patterns, such as /data/*.csv.gz.")
    to: Literal["lake", "postgres", "both"] = Field(default="lake", description="Where they go.")
    event: str = Field(default="", description="What they are of; by their names if left out.")


def spark_resource(settings: Settings) -> LazyPySparkResource:
    """A local Spark that serves no page, of which nothing is started before it is asked for."""
    return LazyPySparkResource(
        spark_config={
            "spark.master": "local[*]",
            "spark.app.name": "musicflow-batch-files",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(settings.home / "spark" / "batch"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
    )


def batch_job(settings: Settings) -> dg.JobDefinition:
    """The job that lands files in the lake, in Postgres, or in both."""

    @dg.op(name=OP, retry_policy=RETRY, out=dg.Out(dg.Nothing))
    def land_files(
        context: dg.OpExecutionContext, config: FilesConfig, pyspark: LazyPySparkResource
    ) -> Iterator[dg.AssetObservation | dg.Output[None]]:
        os.environ["JAVA_HOME"] = _java_home(settings)
        land = partial(landed, _options(settings, config))
        names = pyspark.spark_context.parallelize(config.files, len(config.files))
        answers = names.flatMap(land).collect()
        for event_name, told in _by_event(answers).items():
            # Yielded, so that it stands although the step may fail.
            key = lake_key(EVENTS_BY_NAME[event_name])
            yield dg.AssetObservation(key, metadata=_metadata(told))
        if _are_wrong(answers):
            context.instance.add_run_tags(context.run_id, {FILES_ARE_WRONG: "wrong"})
        _check(answers)
        yield dg.Output(None, metadata=_metadata(answers))

    @dg.job(
        name=BATCH,
        description="Lands CSV, NDJSON or Parquet files in the lake, in Postgres, or in both, each "
        "once; the hours that they reach are built by the next tick.",
        executor_def=dg.in_process_executor,
    )
    def batch_files() -> None:
        land_files()

    return batch_files


def _options(settings: Settings, config: FilesConfig) -> list[str]:
    """Of the command."""
    options = ["--to", config.to, "--lake", settings.lake, "--home", str(settings.home)]
    if config.event:
        options += ["--event", config.event]
    return [*options, "--start", f"{settings.start:%Y-%m-%dT%H:%M:%S}"]


def _java_home(settings: Settings) -> str:
    """The Java that landing would take.

    Raises:
        Failure: There is none; the message is landing's.
    """
    command = [sys.executable, "-m", "streaming", "java-home", "--home", str(settings.home)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise dg.Failure(ran.stderr.strip().splitlines()[-1], allow_retries=False)
    return ran.stdout.strip()


def _by_event(answers: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """What became of the files that landed, by event."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in answers:
        if "event" in each:
            found.setdefault(each["event"], []).append(each)
    return found


def _metadata(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums, and each file by itself."""
    new = [each for each in answers if not each.get("landed_before") and "problem" not in each]
    return {
        "files": len(answers),
        "landed_before": sum(bool(each.get("landed_before")) for each in answers),
        "accepted": sum(each["accepted"] for each in new),
        "rejected": sum(each["rejected"] for each in new),
        "by_file": dg.MetadataValue.json([dict(each) for each in answers]),
    }


def _are_wrong(answers: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing but files that are wrong did not land."""
    problems = [each for each in answers if "problem" in each]
    return bool(problems) and not any(each.get("try_again") for each in problems)


def _check(answers: Sequence[Mapping[str, Any]]) -> None:
    """Fail once all else is done, if a file could not be landed.

    Raises:
        Failure: It names the files.
    """
    problems = [each for each in answers if "problem" in each]
    if problems:
        told = "; ".join(each["problem"] for each in problems)
        raise dg.Failure(
            f"{len(problems)} of {len(answers)} files did not land: {told}",
            allow_retries=any(each.get("try_again") for each in problems),
        )

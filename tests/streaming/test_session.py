"""Spark's scratch files end with the process that made them, one way or another."""

import os
import subprocess
import sys

import pytest

from streaming.session import remove_left_scratch


@pytest.fixture
def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_scratch_of_a_killed_process_is_removed_and_of_a_running_one_kept(tmp_path, ended_process):
    left, running = tmp_path / f"scratch-{ended_process}", tmp_path / f"scratch-{os.getppid()}"
    for folder in (left, running):
        (folder / "blockmgr").mkdir(parents=True)
    (tmp_path / "spark.log").touch()

    remove_left_scratch(tmp_path)

    assert {each.name for each in tmp_path.iterdir()} == {running.name, "spark.log"}


def test_scratch_under_our_own_number_is_of_an_earlier_process(tmp_path):
    (tmp_path / f"scratch-{os.getpid()}").mkdir()

    remove_left_scratch(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.integration
def test_spark_leaves_nothing_in_the_systems_temporary_folder(spark):
    scratch = spark.conf.get("spark.local.dir")

    made = spark.sparkContext.parallelize(["x"]).map(len).collect()

    assert made == [1]
    properties = spark.sparkContext._jvm.java.lang.System.getProperty
    assert properties("java.io.tmpdir") == scratch
    assert f"scratch-{os.getpid()}" in scratch

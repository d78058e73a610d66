"""What Spark is told about the place of its checkpoints."""

import pytest

from streaming.hadoop import jar_sets, options
from streaming.jars import SPARK_GCS, SPARK_S3

EMULATED = "fs.gs.auth.null.enable"


def told(checkpoints: str, **environment: str) -> dict[str, str]:
    found = options(checkpoints, environment)
    assert all(name.startswith("spark.hadoop.") for name in found)
    return {name.removeprefix("spark.hadoop."): value for name, value in found.items()}


@pytest.mark.parametrize(
    ("checkpoints", "wanted"),
    [
        pytest.param("/home/checkpoints", (), id="folder"),
        pytest.param("gs://bucket/checkpoints", (SPARK_GCS,), id="Google's"),
        pytest.param("s3://bucket/checkpoints", (SPARK_S3,), id="Amazon's"),
    ],
)
def test_jars_of_a_storage_come_only_where_checkpoints_are_in_it(checkpoints, wanted):
    assert jar_sets(checkpoints) == wanted


def test_a_folder_needs_no_options():
    assert told("/home/checkpoints", STORAGE_EMULATOR_HOST="http://127.0.0.1:1") == {}


def test_google_itself_is_asked_with_credentials():
    found = told("gs://bucket/checkpoints")

    assert "fs.gs.storage.root.url" not in found
    assert EMULATED not in found


@pytest.mark.parametrize("host", ["http://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1/"])
def test_an_emulator_is_asked_without(host):
    found = told("gs://bucket/checkpoints", STORAGE_EMULATOR_HOST=host)

    assert found["fs.gs.storage.root.url"] == "http://127.0.0.1:1/"
    assert found[EMULATED] == "true"


def test_an_s3_of_ones_own_is_named_with_its_region():
    found = told(
        "s3://bucket/checkpoints", AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_REGION="eu-west-1"
    )

    assert found == {
        "fs.s3a.endpoint": "http://127.0.0.1:1",
        "fs.s3a.endpoint.region": "eu-west-1",
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
    }


def test_amazon_itself_needs_nothing_but_its_region():
    assert told("s3://bucket/checkpoints") == {}

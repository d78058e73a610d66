"""What Docker is sent: the stations' code and locks, and nothing that should stay here."""

import subprocess

import pytest

from tests.deploy.dockerfile import ROOT
from tests.deploy.ignored import Ignored

SENT = {
    "contracts", "dashboard", "dbt_project", "eventsim", "musicflow_dagster", "streaming",
    "workspace.yaml", "deploy",
}  # fmt: skip


@pytest.fixture(scope="module")
def ignored():
    return Ignored.of(ROOT)


@pytest.mark.parametrize(
    "path",
    [
        ".env", "deploy/.env", ".git/config", ".venv/bin/python", ".musicflow/pseudonym.key",
        "tests/conftest.py", "local/demo.py", "requirements.lock", "deploy/terraform/main.tf",
        "dbt_project/target/manifest.json", "streaming/__pycache__/jars.cpython-311.pyc",
        "dbt_project/.user.yml",
    ],
)  # fmt: skip
def test_what_belongs_to_no_image_is_not_sent(ignored, path):
    assert not ignored.lets_through(path)


@pytest.mark.parametrize(
    "path",
    ["contracts/events.py", "dashboard/figures/axes.py", "deploy/docker/eventsim.lock",
     "dbt_project/models/marts/fct_streams.sql", "deploy/dagster/dagster.yaml", "workspace.yaml"],
)  # fmt: skip
def test_code_and_locks_are_sent(ignored, path):
    assert (ROOT / path).exists()
    assert ignored.lets_through(path)


def test_all_that_is_sent_is_of_an_image(ignored):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    sent = {path.split("/")[0] for path in listed.stdout.splitlines() if ignored.lets_through(path)}

    assert sent == SENT

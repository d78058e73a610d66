"""What Dagster's machine is told to start, worked out as Terraform does."""

import re
import subprocess

import pytest
import yaml

from contracts.secret_files import SECRETS
from tests.deploy.compose import ROOT
from tests.deploy.terraform import worked_out

pytestmark = pytest.mark.integration

IMAGE = "example.com/dagster@sha256:" + "0" * 64
INSTANCE = (ROOT / "deploy/dagster/dagster.yaml").read_text()
UNIT = "/etc/systemd/system/musicflow-{}.service"
CONTAINERS = ("code", "webserver", "daemon")


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The files that the machine writes at its first start, by path."""
    told = worked_out(
        "local.user_data", "vm", "user_data.tf", "cloud-init.yaml.tftpl",
        image=IMAGE, instance=INSTANCE, project="a-project", registry="example.com",
        settings={"MUSICFLOW_TARGET": "gcp"}, dagster_postgres_url="musicflow-dagster-url",
        secrets={"MUSICFLOW_PSEUDONYM_KEY": "musicflow-pseudonym-key"},
    )  # fmt: skip
    assert told.startswith("#cloud-config\n")
    return {file["path"]: file["content"] for file in yaml.safe_load(told)["write_files"]}


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_may_do_nothing_that_it_need_not(files, container):
    (start,) = (line for line in _joined(files[UNIT.format(container)]) if "ExecStart=" in line)

    for option in (
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--user 10001:10001",
        IMAGE,
    ):
        assert option in start, option


def _joined(unit: str) -> list[str]:
    return unit.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_runs_the_command_of_the_compose_file(files, container):
    (start,) = (line for line in _joined(files[UNIT.format(container)]) if "ExecStart=" in line)
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())

    # On the machine all share the network, and the code location is for its neighbours alone.
    command = start.partition(IMAGE)[2].replace("127.0.0.1", "0.0.0.0").split()
    assert command == compose["services"][container]["command"]


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_is_given_the_time_that_it_is_told_to_have(files, container):
    unit = files[UNIT.format(container)]
    (asked,) = re.findall(r"docker stop --time (\d+)", unit)
    (allowed,) = re.findall(r"TimeoutStopSec=(\d+)", unit)

    assert int(allowed) > int(asked)


def test_dagsters_instance_is_the_one_of_production(files):
    assert files["/etc/musicflow/dagster.yaml"].rstrip() == INSTANCE.rstrip()


def test_secrets_are_files_and_not_settings(files):
    settings = dict(
        line.split("=", 1) for line in files["/etc/musicflow/settings.env"].splitlines() if line
    )

    assert settings["MUSICFLOW_PSEUDONYM_KEY_FILE"] == "/run/secrets/musicflow-pseudonym-key"
    assert settings["MUSICFLOW_TARGET"] == "gcp"
    assert not settings.keys() & {*SECRETS, "MUSICFLOW_DAGSTER_POSTGRES_URL"}


def test_what_fetches_secrets_does_so(files, tmp_path):
    script = files["/etc/musicflow/fetch-secrets"].replace("/run/musicflow", str(tmp_path))
    # As Google's metadata server and Secret Manager answer; `chown` needs a root.
    (tmp_path / "curl").write_text(
        "#!/bin/bash\n"
        'case "$*" in\n'
        """  *metadata*) echo '{"access_token":"made-up","expires_in":3599}' ;;\n"""
        """  *) printf '{\\n  "name": "x",\\n  "payload": {\\n    "data": "%s",\\n"""
        """    "dataCrc32c": "1"\\n  }\\n}\\n' "$(printf 'value of %s' "${!#}" | base64 -w0)"\n"""
        "  ;;\n"
        "esac\n"
    )
    (tmp_path / "chown").write_text("#!/bin/bash\n")
    for program in ("curl", "chown"):
        (tmp_path / program).chmod(0o755)

    subprocess.run(
        ["bash", "-c", script, "fetch-secrets", "some-key", "musicflow-dagster-url"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True, timeout=60,
    )  # fmt: skip

    fetched = (tmp_path / "secrets/some-key").read_text()
    assert fetched.endswith("/a-project/secrets/some-key/versions/latest:access")
    assert (tmp_path / "secrets/some-key").stat().st_mode & 0o077 == 0
    url = (tmp_path / "dagster.env").read_text()
    assert url.startswith("MUSICFLOW_DAGSTER_POSTGRES_URL=value of ")

"""The file that compose reads is completed by what docker says, here a program of that name."""

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import UnavailableError
from local import deploy_env

ROOT = Path(__file__).parents[2]
RUN_IT = """\
import sys
sys.path.insert(0, sys.argv[1])
from local.deploy_env import main
sys.exit(main(sys.argv[2:]))
"""
DOCKER = """\
#!/bin/sh
[ "$1 $2 $3" = "buildx imagetools inspect" ] || exit 2
[ "$5 $6" = "--format {{.Manifest.Digest}}" ] || exit 2
[ "$4" = music/flow:1.0 ] || { echo 'It says:' >&2; echo "ERROR: $4: not found" >&2; exit 1; }
cat "${0%/*}/digest"
"""
DIGEST = f"sha256:{'a1' * 32}"


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A docker that knows one image; the file with its digest."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    (folder / "digest").write_text(f"{DIGEST}\n")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder / "digest"


@pytest.fixture
def example(docker, tmp_path, monkeypatch):
    """An example file whose image docker knows."""
    file = tmp_path / "example"
    file.write_text(
        "# Words.\nPARTS=all\n# music/flow:1.0\nAN_IMAGE=\n# Why.\nA_KEY=\n#A_WEBHOOK=\n#B_KEY=\n"
    )
    monkeypatch.setattr(deploy_env, "EXAMPLE", file)
    return file


def values(file):
    lines = [line.partition("=") for line in file.read_text().splitlines()]
    return {name: value for name, equals, value in lines if equals}


def test_images_get_their_digests_and_secrets_are_made_up(example, tmp_path):
    file = tmp_path / ".env"

    told = list(deploy_env.complete(file))

    made = values(file)
    assert made["AN_IMAGE"] == f"music/flow:1.0@{DIGEST}"
    assert len(made["A_KEY"]) == 48
    assert made["PARTS"] == "all"
    assert file.stat().st_mode & 0o077 == 0
    assert made["A_KEY"] not in "".join(told)


def test_what_the_file_says_stays(example, tmp_path):
    file = tmp_path / ".env"
    list(deploy_env.complete(file))
    before = file.read_text()

    list(deploy_env.complete(file))

    assert file.read_text() == before


def test_digests_can_be_looked_up_again_and_secrets_stay(docker, example, tmp_path):
    file = tmp_path / ".env"
    list(deploy_env.complete(file))
    before = values(file)
    docker.write_text(newer := f"sha256:{'b2' * 32}")

    list(deploy_env.complete(file, new_digests=True))

    after = values(file)
    assert after.pop("AN_IMAGE").endswith(newer)
    assert after == {name: value for name, value in before.items() if name != "AN_IMAGE"}


def test_a_value_that_only_its_owner_can_know_stays_empty(example, tmp_path):
    file = tmp_path / ".env"
    file.write_text("A_WEBHOOK=\nB_KEY=\nA_KEY=\n")

    list(deploy_env.complete(file))

    assert {name for name, value in values(file).items() if value} == {"A_KEY"}


def test_what_an_interrupted_one_left_behind_is_read_by_nobody_else(example, tmp_path):
    file, left = tmp_path / ".env", tmp_path / ".env.new"
    left.touch(mode=0o644)

    list(deploy_env.complete(file))

    assert file.stat().st_mode & 0o077 == 0
    assert not left.exists()


def test_an_image_that_docker_does_not_find_is_one_clear_line_and_no_file(example, tmp_path):
    example.write_text("# music/other:1.0\nAN_IMAGE=\n")
    file = tmp_path / ".env"

    said = r"digest of music/other:1\.0 \(It says: ERROR: music/other:1\.0: not found\)"
    with pytest.raises(UnavailableError, match=said):
        list(deploy_env.complete(file))

    assert not file.exists()


def test_an_answer_that_is_no_digest_is_refused(docker, example, tmp_path):
    docker.write_text("latest")

    with pytest.raises(UnavailableError, match=r"\(latest\)"):
        list(deploy_env.complete(tmp_path / ".env"))


def test_a_docker_that_cannot_be_started_is_one_clear_line(docker, example, tmp_path):
    docker.with_name("docker").write_text("neither a script nor a program")

    with pytest.raises(UnavailableError, match="can't look up the digest of music/flow"):
        list(deploy_env.complete(tmp_path / ".env"))


def test_without_docker_it_says_so(example, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnavailableError, match="there is no docker on PATH"):
        list(deploy_env.complete(tmp_path / ".env"))


def test_it_needs_nothing_installed(docker, tmp_path):
    file = tmp_path / ".env"
    file.write_text("MUSICFLOW_DASHBOARD_PASSWORD=\n# music/flow:1.0\nAN_IMAGE=\n")
    command = [sys.executable, "-I", "-S", "-c", RUN_IT, str(ROOT), "--to", str(file)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(values(file)["MUSICFLOW_DASHBOARD_PASSWORD"]) == 48
    assert values(file)["AN_IMAGE"].endswith(DIGEST)


def test_what_goes_wrong_is_one_line(example, tmp_path, capsys):
    example.write_text("# music/other:1.0\nAN_IMAGE=\n")

    assert deploy_env.main(["--to", str(tmp_path / ".env")]) == 1

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("musicflow: docker can't look up")

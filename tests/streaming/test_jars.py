"""Jars are downloaded once; what can't be had is told in one line."""

import subprocess

import pytest

from contracts.errors import UnavailableError
from streaming.jars import BROKER, SPARK_KAFKA, JarSet, jars
from streaming.java import java_home


def test_another_choice_of_versions_has_another_folder():
    newer = JarSet("spark-kafka", (*SPARK_KAFKA.modules[1:], "org:x:9"), transitive=False)

    assert newer.folder != SPARK_KAFKA.folder


def test_cached_jars_are_used_without_java_or_network(tmp_path):
    folder = tmp_path / "jars" / BROKER.folder
    folder.mkdir(parents=True)
    (folder / "b.jar").touch()
    (folder / "a.jar").touch()

    found = jars(BROKER, tmp_path, java_home=tmp_path / "no-java")

    assert [each.name for each in found] == ["a.jar", "b.jar"]


def test_an_unreachable_repository_is_one_clear_line_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(command, **_):
        said = "::\nServer access error\njava.net.UnknownHostException: repo\n"
        return subprocess.CompletedProcess(command, 1, said, "")

    monkeypatch.setattr(subprocess, "run", refuse)

    with pytest.raises(UnavailableError) as told:
        jars(SPARK_KAFKA, tmp_path, tmp_path)

    assert "\n" not in str(told.value)
    assert "UnknownHostException" in str(told.value)
    assert list((tmp_path / "jars").iterdir()) == []


@pytest.mark.integration
def test_a_jar_that_does_not_exist_is_told(tmp_path):
    wanted = JarSet("nothing", ("org.musicflow:not-there:0",), transitive=False)

    with pytest.raises(UnavailableError, match="could not be downloaded"):
        jars(wanted, tmp_path, java_home())


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "cache").write_text("a file stands in the way")

    with pytest.raises(UnavailableError, match="cannot write"):
        jars(BROKER, tmp_path / "cache", tmp_path)

"""The shell draws each page, also on nothing, and never shows what went wrong inside."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import access, app
from dashboard.access import Attempts
from dashboard.settings import Settings
from tests.dashboard.published import BUILT, publish

SCRIPT = Path(app.__file__).parent / "script" / "main.py"
SECONDS = 60


@pytest.fixture
def shell(tmp_path, monkeypatch) -> AppTest:
    """The dashboard on an empty work folder."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.setenv("MUSICFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("MUSICFLOW_LAKE", str(tmp_path / "lake"))
    monkeypatch.setattr(access, "_ATTEMPTS", Attempts())
    app.tables_of.cache_clear()
    return AppTest.from_file(str(SCRIPT), default_timeout=SECONDS)


def words(shell: AppTest) -> str:
    return " ".join(each.value for each in [*shell.title, *shell.markdown, *shell.caption])


def test_before_the_first_publish_it_says_what_to_run(shell):
    shell.run()

    assert not shell.exception
    assert "Nothing was published yet" in words(shell)
    assert "`make demo`" in words(shell)


def test_what_was_published_without_an_hour_is_told_apart(shell, tmp_path):
    publish(tmp_path / "snapshot", {"reconciliation.built_hours": BUILT.clear()})

    shell.run()

    assert not shell.exception
    assert "No hour was built yet" in words(shell)


def test_a_record_that_cannot_be_read_is_told_calmly(shell, tmp_path):
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "current.json").write_text("{")

    shell.run()

    assert not shell.exception
    assert "This can't be shown now" in words(shell).replace("\\", "")


def test_the_unexpected_is_logged_and_only_its_id_is_shown(shell, monkeypatch, capsys):
    def fail(*_):
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(app, "_newest", fail)

    shell.run()

    assert not shell.exception
    shown = words(shell).replace("\\", "")
    assert "secret inside" not in shown
    number = re.search(r"logged as ([0-9a-f]{8})", shown)
    assert number
    logged = capsys.readouterr()
    assert number[1] in logged.err + logged.out
    assert "secret inside" in logged.err + logged.out


def test_a_password_is_asked_for_and_the_right_one_opens(shell, monkeypatch):
    monkeypatch.setenv("MUSICFLOW_DASHBOARD_PASSWORD", "hush")
    shell.run()
    assert "Nothing was published yet" not in words(shell)

    shell.text_input[0].input("wrong")
    shell.button[0].click().run()
    assert "Nothing was published yet" not in words(shell)

    shell.text_input[0].input("hush")
    shell.button[0].click().run()
    assert not shell.exception
    assert "Nothing was published yet" in words(shell)


def test_too_many_wrong_passwords_close_the_door_for_a_while(shell, monkeypatch):
    monkeypatch.setenv("MUSICFLOW_DASHBOARD_PASSWORD", "hush")
    shell.run()
    for _ in range(access.ATTEMPTS):
        shell.text_input[0].input("wrong")
        shell.button[0].click().run()

    shell.text_input[0].input("hush")
    shell.button[0].click().run()

    assert "Nothing was published yet" not in words(shell)
    assert "wait" in shell.warning[0].value


def test_a_request_without_the_header_of_the_proxy_sees_nothing(shell, monkeypatch):
    monkeypatch.setenv("MUSICFLOW_DASHBOARD_USER_HEADER", "X-Forwarded-User")

    shell.run()

    assert not shell.exception
    assert "Nothing was published yet" not in words(shell)
    assert "signed in" in words(shell)

"""The dashboard is open on this machine only; elsewhere somebody asks who is looking."""

from pathlib import Path

import pytest
from streamlit import net_util
from streamlit.web.server import server_util

from contracts.errors import ConfigurationError
from dashboard.__main__ import ask_nobody_for_our_address, options
from dashboard.settings import Settings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in Settings.model_fields.values():
        monkeypatch.delenv(str(name.validation_alias), raising=False)


def test_by_default_it_shows_the_work_folder_to_this_machine_only():
    settings = Settings.read()

    assert settings.snapshot == Path(".musicflow/snapshot")
    assert (settings.host, settings.port, settings.is_open) == ("127.0.0.1", 8501, True)


def test_variables_of_others_are_not_taken_for_ours(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("HOST", "0.0.0.0")

    settings = Settings.read()

    assert settings.home == Path(".musicflow")
    assert (settings.host, settings.port) == ("127.0.0.1", 8501)


def test_the_snapshot_that_is_named_wins(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_HOME", "/home")
    monkeypatch.setenv("MUSICFLOW_SNAPSHOT", "/elsewhere")

    assert Settings.read().snapshot == Path("/elsewhere")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "dashboard.example.com"])
def test_a_network_sees_nothing_unless_somebody_asks_who_is_looking(monkeypatch, host):
    monkeypatch.setenv("MUSICFLOW_DASHBOARD_HOST", host)

    with pytest.raises(ConfigurationError, match="MUSICFLOW_DASHBOARD_PASSWORD"):
        Settings.read()


@pytest.mark.parametrize("guard", ["PASSWORD", "USER_HEADER"])
def test_with_a_guard_it_may_be_served_to_a_network(monkeypatch, guard):
    monkeypatch.setenv("MUSICFLOW_DASHBOARD_HOST", "0.0.0.0")
    monkeypatch.setenv(f"MUSICFLOW_DASHBOARD_{guard}", "X-User")

    assert not Settings.read().is_open


def test_a_wrong_value_is_told_by_its_name_and_no_secret_is(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_DASHBOARD_PORT", "many")
    monkeypatch.setenv("MUSICFLOW_DASHBOARD_PASSWORD", "hush-hush")

    with pytest.raises(ConfigurationError, match="MUSICFLOW_DASHBOARD_PORT") as told:
        Settings.read()

    assert "hush" not in str(told.value)
    monkeypatch.delenv("MUSICFLOW_DASHBOARD_PORT")
    assert "hush" not in repr(Settings.read())


def test_the_server_keeps_its_protections_and_tells_nobody():
    chosen = options(Settings.read())

    assert chosen["server.enableXsrfProtection"]
    assert chosen["server.enableCORS"]
    assert chosen["client.showErrorDetails"] == "none"
    assert not chosen["browser.gatherUsageStats"]
    assert "localhost" in chosen["server.allowedHosts"]


def test_a_page_of_another_origin_is_refused_without_a_word_to_any_other_host(monkeypatch):
    def fail(*_, **__):
        raise AssertionError

    monkeypatch.setattr(net_util, "_external_ip", None)
    monkeypatch.setattr(net_util, "_make_blocking_http_get", fail)
    ask_nobody_for_our_address()

    assert not server_util.is_url_from_allowed_origins("https://elsewhere.example")
    assert not server_util.is_url_from_allowed_origins("null")

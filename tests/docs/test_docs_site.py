"""Links that lead out of docs/, on the site."""

from types import SimpleNamespace

import pytest

from local.docs_site import on_page_markdown


def shown(markdown: str, page: str) -> str:
    return on_page_markdown(markdown, SimpleNamespace(file=SimpleNamespace(src_uri=page)))


@pytest.mark.parametrize(
    ("page", "written", "there"),
    [
        pytest.param("index.md", "[hours](docs/hours.md#x)", "[hours](hours.md#x)", id="README"),
        pytest.param("hours.md", "[start](../README.md)", "[start](index.md)", id="to the README"),
        pytest.param(
            "howto/own_events.md", "[x](../hours.md)", "[x](../hours.md)", id="between pages"
        ),
        pytest.param(
            "hours.md", "[x](decisions)", "[x](decisions/README.md)", id="to a folder of pages"
        ),
        pytest.param("hours.md", "[x](#anchor)", "[x](#anchor)", id="within a page"),
        pytest.param(
            "hours.md", "[x](https://example.com/a)", "[x](https://example.com/a)", id="elsewhere"
        ),
        pytest.param("hours.md", "[the log](../Makefile)", "the log", id="code, place unknown"),
        pytest.param("hours.md", "```\n[x](../Makefile)\n```", "```\n[x](../Makefile)\n```",
                     id="in a block of code"),
    ],
)  # fmt: skip
def test_links_are_as_the_site_has_them(monkeypatch, page, written, there):
    monkeypatch.delenv("MUSICFLOW_CODE_URL", raising=False)

    assert shown(written, page) == there


def test_links_to_code_lead_where_the_code_can_be_read(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_CODE_URL", "https://example.com/me/musicflow/")

    linked = "[it](https://example.com/me/musicflow/blob/main/Makefile)"
    assert shown("[it](../Makefile)", "hours.md") == linked


def test_a_link_to_code_that_is_not_there_is_told(caplog):
    shown("[it](../nowhere.py)", "hours.md")

    assert "hours.md links to nowhere.py, which is not there" in caplog.text


def test_a_command_tells_of_itself():
    assert "fast ones" in shown("<!-- help: make help -->", "reference/commands.md")

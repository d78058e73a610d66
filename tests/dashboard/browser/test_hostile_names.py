"""Names that try to be more than names are shown as they are, and do nothing.

That none becomes markup or runs on any page is seen by `test_pages.py`, on the same data.
"""

import csv
import io

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser.hostile import (
    HOSTILE_COUNTRY,
    HOSTILE_GENDER,
    HOSTILE_NAMES,
    HOSTILE_STATE,
)
from tests.dashboard.browser.visitor import Visitor

pytestmark = pytest.mark.integration

FORMULAS = ("=", "+", "-", "@")


def test_the_charts_show_names_letter_by_letter(visitor: Visitor):
    visitor.open("charts")

    for name in ("script", "image", "quotes", "markdown link", "latex", "directive"):
        cell = visitor.cells().get_by_text(HOSTILE_NAMES[name], exact=True)
        expect(cell.first).to_be_attached()


def test_names_of_places_are_filters_like_any_other(visitor: Visitor):
    visitor.open("audience", state=HOSTILE_STATE, country=HOSTILE_COUNTRY)

    expect(visitor.page.locator(".st-key-filter-state")).to_contain_text(HOSTILE_STATE)
    expect(visitor.page.locator(".st-key-filter-country")).to_contain_text(HOSTILE_COUNTRY)
    expect(visitor.cells().get_by_text(HOSTILE_STATE, exact=True).first).to_be_attached()
    visitor.sees_no_failure()


def test_a_name_in_the_address_of_a_definition_does_nothing(visitor: Visitor):
    visitor.open("dictionary", table=HOSTILE_NAMES["script"], column=HOSTILE_GENDER)

    visitor.sees_no_failure()


def test_what_is_saved_is_no_formula_to_a_spreadsheet(visitor: Visitor):
    visitor.open("charts")
    saved = list(csv.DictReader(io.StringIO(visitor.csv("Top songs").decode())))

    titles = [row["song_title"] for row in saved]
    assert "'=1+1" in titles
    assert HOSTILE_NAMES["script"] in titles
    assert not [title for title in titles if title.startswith(FORMULAS)]

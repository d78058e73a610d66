"""Filters and the URL say the same; a URL can ask for anything and break nothing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.filters import NAMES, Choices, Filters, read, to_url

CHOICES = Choices(
    date(2026, 1, 1), date(2026, 3, 1),
    states=("CA", "NY", "unknown"), countries=("DE", "US"),
    plans=("free", "paid"), devices=("phone", "desktop"),
)  # fmt: skip
DAYS = st.dates(CHOICES.first, CHOICES.last)


@st.composite
def some_filters(draw: st.DrawFn) -> Filters:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    picked = {
        plural: tuple(draw(st.lists(st.sampled_from(getattr(CHOICES, plural)), unique=True)))
        for plural in NAMES.values()
    }
    return Filters(first, last, **picked)


@given(some_filters())
def test_what_a_url_says_is_read_back_as_it_was_written(filters):
    found = read(to_url(filters, CHOICES), CHOICES)

    assert found.filters == filters
    assert found.notes == ()


@given(
    st.dictionaries(
        st.sampled_from(["first", "last", *NAMES, "other"]), st.lists(st.text(), max_size=3)
    )
)
def test_no_url_breaks_anything_or_brings_in_what_the_data_does_not_have(url):
    filters = read(url, CHOICES).filters

    assert CHOICES.first <= filters.first <= filters.last <= CHOICES.last
    for plural in NAMES.values():
        assert set(getattr(filters, plural)) <= set(getattr(CHOICES, plural))


def test_by_default_the_last_28_days_are_shown_and_the_url_is_bare():
    default = read({}, CHOICES).filters

    assert (default.days, default.last) == (28, CHOICES.last)
    assert to_url(default, CHOICES) == {}


@pytest.mark.parametrize(
    ("url", "note"),
    [
        pytest.param({"first": ["yesterday"]}, "first", id="no date"),
        pytest.param({"last": ["2026-02-30"]}, "last", id="no day of the calendar"),
        pytest.param({"first": ["2027-01-01"]}, "days", id="days without data"),
        pytest.param({"first": ["2026-02-02"], "last": ["2026-02-01"]}, "days", id="end first"),
        pytest.param({"state": ["XX"]}, "state", id="unknown state"),
        pytest.param({"plan": ["paid", "' or 1=1"]}, "plan", id="hostile"),
    ],
)
def test_what_is_wrong_in_a_link_is_left_out_with_a_note(url, note):
    notes = read(url, CHOICES).notes

    assert len(notes) == 1
    assert note in notes[0]


def test_a_condition_names_columns_and_passes_values_as_parameters():
    filters = Filters(date(2026, 1, 1), date(2026, 1, 2), states=("CA", "NY"), plans=("paid",))

    where = filters.where(day="active_on", state="state", device="device_type")

    assert where.sql == "active_on between $first and $last and state in ($state_0, $state_1)"
    assert where.parameters == {
        "first": date(2026, 1, 1), "last": date(2026, 1, 2), "state_0": "CA", "state_1": "NY",
    }  # fmt: skip


def test_without_columns_and_without_filters_everything_is_taken():
    filters = Filters(date(2026, 1, 1), date(2026, 1, 2), plans=("paid",))

    assert filters.where().sql == "true"
    assert filters.where(state="state").parameters == {}


def test_a_page_gets_only_the_filters_that_it_applies():
    filters = Filters(date(2026, 1, 1), date(2026, 1, 2), states=("CA",), plans=("paid",))

    assert filters.only(("days", "plan")) == replace(filters, states=())
    assert filters.chosen() == ("state", "plan")


def test_short_data_is_shown_whole():
    short = replace(CHOICES, first=CHOICES.last - timedelta(days=2))

    assert short.default().days == 3

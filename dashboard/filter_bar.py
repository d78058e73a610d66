"""The filters in the sidebar, and in the URL: a change of either is a change of both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import streamlit as st

from dashboard import filters as url
from dashboard.filters import NAMES, Choices, Filters

URL_NAMES = ("first", "last", *NAMES)
DAYS = "filter-days"
SEEN = "filters-seen"
"""The parameters of the URL that the widgets show."""
CHOSEN = "filters-chosen"
OFFERED = "filters-offered"
PRESETS = {"Last day": 1, "7 days": 7, "28 days": 28, "All": 0}


def show(
    choices: Choices, applies: Sequence[str], *, is_new_page: bool
) -> tuple[Filters, tuple[str, ...]]:
    """Show the filters; what is chosen, and notes on what a link asked for in vain.

    Args:
        choices: What the data has to choose from.
        applies: The filters that the page applies: the others are kept for other pages, unseen.
        is_new_page: Whether the reader just came from another page.
    """
    notes = _take_url(choices, is_new_page=is_new_page)
    with st.sidebar:
        chosen = _widgets(choices, applies)
    st.session_state[CHOSEN] = chosen
    _write_url(url.to_url(chosen, choices))
    return chosen, notes


def _take_url(choices: Choices, *, is_new_page: bool) -> tuple[str, ...]:
    """Have the widgets show what the URL asks for, if it or the data changed; notes on it."""
    asked = _asked()
    kept = st.session_state.get(CHOSEN)
    shown = (st.session_state.get(SEEN), st.session_state.get(OFFERED))
    if DAYS in st.session_state and shown == (asked, choices):
        return ()
    st.session_state[OFFERED] = choices
    if is_new_page and not asked and kept is not None:
        # The page was opened by its link, which has no parameters: the choice goes along.
        found = url.Read(_within(kept, choices))
    else:
        found = url.read(asked, choices)
    st.session_state[DAYS] = (found.filters.first, found.filters.last)
    for name, plural in NAMES.items():
        st.session_state[_key(name)] = list(getattr(found.filters, plural))
    return found.notes


def _widgets(choices: Choices, applies: Sequence[str]) -> Filters:
    days = st.date_input(
        "Days (UTC)",
        min_value=choices.first,
        max_value=choices.last,
        format="YYYY-MM-DD",
        key=DAYS,
    )
    _presets(choices)
    picked: dict[str, Sequence[str]] = {}
    for name, plural in NAMES.items():
        options = getattr(choices, plural)
        if name in applies and options:
            picked[plural] = st.multiselect(
                name.capitalize(), options, key=_key(name), placeholder="All"
            )
        else:
            # What is written to a widget's state anew outlives that it is not shown.
            picked[plural] = st.session_state[_key(name)] = st.session_state.get(_key(name), [])
    first, last = _both(days, choices)
    return Filters(first, last, **{plural: tuple(values) for plural, values in picked.items()})


def _presets(choices: Choices) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for label, days in PRESETS.items():
            since = choices.last - timedelta(days=days - 1) if days else choices.first
            st.button(
                label,
                type="tertiary",
                key=f"preset-{days}",
                on_click=_choose_days,
                args=(max(since, choices.first), choices.last),
            )


def _choose_days(first: date, last: date) -> None:
    st.session_state[DAYS] = (first, last)


def _both(days: object, choices: Choices) -> tuple[date, date]:
    """Both ends of a range; while the reader has given only one, the other is the same day."""
    match days:
        case (date() as first, date() as last):
            return first, last
        case (date() as first,):
            return first, first
    default = choices.default()
    return default.first, default.last


def _within(kept: Filters, choices: Choices) -> Filters:
    """What was chosen before, as far as the data (which may be another by now) has it."""
    first, last = max(kept.first, choices.first), min(kept.last, choices.last)
    if first > last:
        first, last = choices.default().first, choices.default().last
    known = {
        plural: tuple(each for each in getattr(kept, plural) if each in getattr(choices, plural))
        for plural in NAMES.values()
    }
    return replace(kept, first=first, last=last, **known)


def _asked() -> dict[str, list[str]]:
    found = {name: st.query_params.get_all(name) for name in URL_NAMES}
    return {name: values for name, values in found.items() if values}


def _write_url(wanted: dict[str, list[str]]) -> None:
    if _asked() != wanted:
        for name in URL_NAMES:
            if name in wanted:
                st.query_params[name] = wanted[name]
            elif name in st.query_params:
                del st.query_params[name]
    st.session_state[SEEN] = wanted


def _key(name: str) -> str:
    return f"filter-{name}"

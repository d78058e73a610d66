"""Derived ids: the same on every machine and in every version, different for what differs."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import LISTEN_EVENTS, PAGE_VIEW_EVENTS
from contracts.identity import canonical, derived_event_id

LISTEN = {
    "occurred_at": datetime(2026, 1, 1, 0, 0, 3, 17_000, tzinfo=UTC), "session_id": 7,
    "item_in_session": 0, "user_id": None, "level": "paid", "auth": "Logged In",
    "artist": "Björk|~", "song": "3:Jóga",
}  # fmt: skip


def test_the_canonical_form_is_frozen():
    assert canonical(LISTEN_EVENTS, LISTEN) == (
        "listen_events|1767225603017|7|0|~|4:paid|9:Logged In|8:Björk|~|7:3:Jóga"
    )


def test_the_id_of_a_known_row_is_frozen():
    assert derived_event_id(LISTEN_EVENTS, LISTEN) == "d1-ec093d77b4625b8239bfaf0940745ad4"


def test_fields_outside_the_list_do_not_count():
    assert derived_event_id(LISTEN_EVENTS, LISTEN) == derived_event_id(
        LISTEN_EVENTS, {**LISTEN, "city": "Lima", "event_id": "x"}
    )


texts = st.none() | st.text()


@given(texts, texts, texts, texts)
def test_rows_that_differ_have_different_forms(page, method, other_page, other_method):
    one = canonical(PAGE_VIEW_EVENTS, {"page": page, "method": method})
    other = canonical(PAGE_VIEW_EVENTS, {"page": other_page, "method": other_method})

    assert (one == other) == ((page, method) == (other_page, other_method))

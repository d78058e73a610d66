"""The same seed gives the same bytes; growth and attrition do what they say."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsim.simulation import Growth
from tests.eventsim.conftest import DAY, START, read


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(simulate, faultless):
    assert content(faultless[0]) == content(simulate()[0])


def test_another_seed_gives_other_listeners(simulate, faultless, config):
    other = msgspec.structs.replace(config, seed=config.seed + 1)

    assert content(faultless[0]) != content(simulate(other)[0])


@pytest.fixture(scope="module")
def growing(config):
    return msgspec.structs.replace(config, growth_rate=50.0)


@pytest.fixture(scope="module")
def growing_day(simulate, growing):
    return content(simulate(growing, users=40)[0])


@settings(max_examples=8, deadline=None)
@given(stops=st.lists(st.integers(START + 1, START + DAY - 1), max_size=5).map(sorted))
def test_the_stretches_it_is_simulated_in_do_not_matter(simulate, growing, growing_day, stops):
    assert content(simulate(growing, users=40, stops=stops)[0]) == growing_day


def test_nothing_happens_outside_of_the_time_asked_for(day):
    times = [event["ts"] for events in day.values() for event in events]

    assert min(times) >= START * 1000
    assert max(times) < (START + DAY) * 1000


def test_the_first_listener_has_the_first_id(simulate, config):
    counted = msgspec.structs.replace(config, first_user_id=5000)
    users = {
        event["userId"]
        for event in read(simulate(counted, users=20, seconds=20 * DAY)[0])["page_view_events"]
        if "userId" in event
    }

    assert min(users) == 5000
    assert max(users) <= 5020


def test_the_tag_is_on_every_page_view(simulate, config):
    tagged = msgspec.structs.replace(config, tag="control")
    pages = read(simulate(tagged)[0])["page_view_events"]

    assert {page["tag"] for page in pages} == {"control"}


@pytest.mark.parametrize(
    ("rate", "least", "most"),
    [
        # Compound growth: e times as many after a year at rate 1.
        pytest.param(1.0, 700, 930, id="fast"),
        pytest.param(0.1, 315, 350, id="slow"),
        pytest.param(0.0, 300, 300, id="none"),
    ],
)
def test_listeners_grow_by_the_rate_in_a_year(config, catalog, rate, least, most):
    growth = Growth(msgspec.structs.replace(config, growth_rate=rate), 300, START, 10**6)

    assert least <= 300 + len(growth.until(START + 365 * DAY)) <= most


def test_listeners_leave_by_the_attrition_rate(simulate, config):
    staying = msgspec.structs.replace(config, growth_rate=0.0)
    leaving = msgspec.structs.replace(staying, attrition_rate=12.0)
    month = 30 * DAY
    stay = simulate(staying, seconds=month)[1].topics["page_view_events"].events
    leave = simulate(leaving, seconds=month)[1].topics["page_view_events"].events

    # With 12 a year, those left after a month are 1/e; over the month, 63 % on average.
    assert 0.45 < leave / stay < 0.8

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.lake import HOUR
from musicflow_dagster.planner import Known, Rules, fingerprint, plan

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = ("listen_events", "auth_events")
RULES = Rules(start=MIDNIGHT, grace=timedelta(minutes=5), gap_hours=3, run_hours=10)


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def known(listens=None, auths=None, built=None, caught_up=4.5, refused=None) -> Known:
    """What is known; hours are numbers, `caught_up` of both topics or a pair."""
    times = caught_up if isinstance(caught_up, tuple) else (caught_up, caught_up)
    return Known(
        events=EVENTS,
        landed={
            "listen_events": {at(hour): print_ for hour, print_ in (listens or {}).items()},
            "auth_events": {at(hour): print_ for hour, print_ in (auths or {}).items()},
        },
        built=built or {},
        caught_up_until={
            name: None if time is None else at(time)
            for name, time in zip(EVENTS, times, strict=True)
        },
        refused=refused or {},
    )


def built_as(state: Known, hours) -> dict:
    """The hours built from what `state` holds now."""
    return {
        name: {at(hour): state.landed[name].get(at(hour), "") for hour in hours} for name in EVENTS
    }


def hours_of(state: Known) -> list[int]:
    return [
        round((hour - MIDNIGHT) / HOUR)
        for build in plan(state, RULES).builds
        for each in build.ranges
        for hour in each
    ]


@pytest.mark.parametrize(
    ("state", "hours"),
    [
        pytest.param(known({0: "a", 1: "b"}, {0: "c"}, caught_up=2.5), [0, 1], id="all complete"),
        pytest.param(known({0: "a", 1: "b"}, caught_up=1.99), [0], id="the second has not ended"),
        pytest.param(known({0: "a"}, caught_up=1.08), [], id="still in its grace"),
        pytest.param(known({0: "a"}, caught_up=1.09), [0], id="just after its grace"),
        pytest.param(known({0: "a", 1: "b"}, caught_up=(9, 1.5)), [0], id="one topic is behind"),
        pytest.param(known({0: "a"}, caught_up=(9, None)), [], id="one topic never caught up"),
        pytest.param(known({}, caught_up=50), [], id="nothing ever landed"),
        pytest.param(known({0: "a", 3: "b"}, caught_up=4.5), [0, 1, 2, 3], id="a short silence"),
        pytest.param(known({0: "a", 5: "b"}, caught_up=6.5), [0, 5], id="a silence too long"),
        pytest.param(known({0: "a"}, caught_up=3.5), [0, 1, 2], id="silent since a little while"),
        pytest.param(known({0: "a"}, caught_up=9000), [0], id="history replayed years later"),
        pytest.param(known({-2: "a", 0: "b"}, caught_up=1.5), [0], id="before the first partition"),
    ],
)
def test_what_is_complete_and_unbuilt_is_built(state, hours):
    assert hours_of(state) == hours


def test_a_topic_without_rows_holds_nothing_up():
    assert hours_of(known({0: "a", 1: "b"}, auths={}, caught_up=2.5)) == [0, 1]


def test_what_is_built_is_not_built_again():
    state = known({0: "a", 1: "b"}, {1: "c"}, caught_up=2.5)
    state = known({0: "a", 1: "b"}, {1: "c"}, built_as(state, [0, 1]), caught_up=2.5)

    assert hours_of(state) == []
    assert "all hours that are complete are built" in plan(state, RULES).reason


@pytest.mark.parametrize(
    ("listens", "auths"),
    [
        pytest.param({0: "a", 1: "later"}, {1: "c"}, id="of a topic that had rows"),
        pytest.param({0: "a", 1: "b"}, {1: "c", 2: "new"}, id="of a topic that was silent"),
    ],
)
def test_a_late_batch_reopens_its_hour_alone(listens, auths):
    before = known({0: "a", 1: "b"}, {1: "c"}, caught_up=3.5)
    state = known(listens, auths, built_as(before, [0, 1, 2]), caught_up=3.5)
    [build] = plan(state, RULES).builds

    assert len(build) == 1
    assert build.reopened == 1


def test_an_event_that_the_contract_has_got_since_reopens_the_hours_alone_in_which_it_landed():
    before = known({0: "a", 1: "b"}, caught_up=2.5)
    built = {"listen_events": built_as(before, [0, 1])["listen_events"]}

    assert hours_of(known({0: "a", 1: "b"}, {}, built, caught_up=2.5)) == []
    assert hours_of(known({0: "a", 1: "b"}, {1: "old"}, built, caught_up=2.5)) == [1]


def test_a_late_load_of_the_same_hour_has_another_key():
    early, late = known({0: "a"}, caught_up=1.5), known({0: "b"}, caught_up=1.5)

    assert plan(early, RULES).builds[0].key != plan(late, RULES).builds[0].key


def test_an_hour_built_by_force_before_its_end_is_built_again_once_complete():
    built = {name: {at(0): "early"} for name in EVENTS}

    assert hours_of(known({0: "b"}, built=built, caught_up=0.5)) == []
    assert hours_of(known({0: "b"}, built=built, caught_up=1.5)) == [0]


def test_a_refused_hour_waits_until_something_new_lands_and_stops_no_other():
    state = known({0: "a", 1: "bad", 2: "c"}, caught_up=3.5)
    refused = {at(1): frozenset({fingerprint(state.landed, EVENTS, [at(1)])})}
    still_bad = known({0: "a", 1: "bad", 2: "c"}, caught_up=3.5, refused=refused)
    mended = known({0: "a", 1: "mended", 2: "c"}, caught_up=3.5, refused=refused)

    assert hours_of(still_bad) == [0, 2]
    assert plan(still_bad, RULES).held_back == (at(1),)
    assert hours_of(mended) == [0, 1, 2]


def test_the_reason_names_the_topics_that_were_never_caught_up():
    assert "auth_events" in plan(known({0: "a"}, caught_up=(9, None)), RULES).reason


HOURS = st.dictionaries(st.integers(0, 40), st.sampled_from("abc"), max_size=12)


@given(HOURS, HOURS, st.floats(0, 45), st.floats(0, 45))
def test_building_a_plan_leaves_nothing_to_build(listens, auths, first, second):
    state = known(listens, auths, caught_up=(first, second))
    hours = hours_of(state)
    after = known(listens, auths, built_as(state, hours), caught_up=(first, second))

    assert hours_of(after) == []


@given(HOURS, HOURS, st.floats(0, 45), st.floats(0, 45))
def test_only_complete_hours_are_built_in_order_and_each_once(listens, auths, first, second):
    hours = hours_of(known(listens, auths, caught_up=(first, second)))

    assert hours == sorted(set(hours))
    assert all(at(hour + 1) + RULES.grace <= at(min(first, second)) for hour in hours)


@given(HOURS, HOURS, st.floats(0, 45))
def test_each_complete_hour_with_rows_is_built(listens, auths, caught_up):
    hours = hours_of(known(listens, auths, caught_up=caught_up))
    complete = {hour for hour in {*listens, *auths} if at(hour + 1) + RULES.grace <= at(caught_up)}

    assert complete <= set(hours)

"""Listeners live where the configuration says, under any names."""

from collections import Counter

import msgspec
import numpy as np
import pytest

from eventsim.config import Country, Place
from eventsim.people import People
from tests.eventsim.conftest import read

COUNTRIES = (
    Country("US", 5),
    Country("DE", 3, (Place("Jüterbog", "14913", "BB", 52.0, 13.1, weight=3),
                      Place('Köln "Süd" \\', "51149", "NW", 50.9, 7.0))),
    Country("JP", 2, (Place("東京", "100-0001", "13", 35.7, 139.7),)),
)  # fmt: skip


def test_countries_share_the_listeners_by_their_weights(simulate, config):
    abroad = msgspec.structs.replace(config.musicflow, countries=COUNTRIES)
    world = msgspec.structs.replace(config, musicflow=abroad, tag='Gruppe "ü"')
    events = read(simulate(world, users=2000)[0])
    country = {action["user_id"]: action["country"] for action in events["music_events"]}
    shares = Counter(country.values())
    cities = {page["city"] for page in events["page_view_events"]}

    assert 0.4 < shares["US"] / len(country) < 0.6
    assert 0.2 < shares["DE"] / len(country) < 0.4
    assert 0.1 < shares["JP"] / len(country) < 0.3
    assert cities >= {"Jüterbog", 'Köln "Süd" \\', "東京"}
    for topic in ("page_view_events", "listen_events", "auth_events", "status_change_events"):
        assert {event["tag"] for event in events[topic]} == {'Gruppe "ü"'}


def test_no_browser_name_is_quoted(config):
    people = People(config)

    assert not [row for row in people.browsers if '"' in row["user_agent"]]


def test_names_and_homes_are_as_common_as_the_tables_say(config):
    people = People(config)
    traits = people.drawn(np.arange(20_000, dtype=np.uint64))
    weights = np.array([float(row["weight"]) for row in people.surnames])
    most = int(weights.argmax())

    assert (traits.surname == most).mean() == pytest.approx(weights[most] / weights.sum(), rel=0.25)

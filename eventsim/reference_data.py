"""Rebuilds the tables of names, homes and browsers in `data/` from the packages they come from.

`pip install -e .[reference-data]`, then `python -m eventsim.reference_data`. The tables are
committed, so that simulating needs none of these packages. `data/README.md` names the sources.
"""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import zipcodes
from fake_useragent import FakeUserAgent
from faker.providers.person.en_US import Provider as AmericanNames

DATA = Path(__file__).parent / "data"
PLACES_PER_STATE = 400
DEVICES = {"mobile": "phone", "tablet": "tablet", "desktop": "desktop"}

THOUSANDS_OF_PEOPLE = {
    "AK": 733, "AL": 5024, "AR": 3012, "AZ": 7152, "CA": 39538, "CO": 5774, "CT": 3606,
    "DC": 690, "DE": 990, "FL": 21538, "GA": 10712, "HI": 1455, "IA": 3190, "ID": 1839,
    "IL": 12813, "IN": 6786, "KS": 2938, "KY": 4506, "LA": 4658, "MA": 7030, "MD": 6177,
    "ME": 1362, "MI": 10077, "MN": 5706, "MO": 6155, "MS": 2961, "MT": 1084, "NC": 10439,
    "ND": 779, "NE": 1962, "NH": 1378, "NJ": 9289, "NM": 2118, "NV": 3105, "NY": 20201,
    "OH": 11799, "OK": 3959, "OR": 4237, "PA": 13003, "RI": 1097, "SC": 5118, "SD": 887,
    "TN": 6911, "TX": 29146, "UT": 3272, "VA": 8631, "VT": 643, "WA": 7705, "WI": 5894,
    "WV": 1794, "WY": 577,
}  # fmt: skip
"""Residents by state, census of 2020: the zip codes' own populations are in no package."""


def main() -> None:
    """Write all four tables."""
    _write("given_names.csv", ("name", "gender", "weight"), _given_names())
    _write("surnames.csv", ("name", "weight"), _weighted(AmericanNames.last_names))
    _write("places.csv", ("zip", "city", "state", "lat", "lon", "weight"), _places())
    _write("browsers.csv", ("user_agent", "device_type", "weight"), _browsers())


def _given_names() -> Iterable[tuple[Any, ...]]:
    for gender, names in (
        ("F", AmericanNames.first_names_female),
        ("M", AmericanNames.first_names_male),
    ):
        total = sum(names.values())
        for name, weight in names.items():
            yield name, gender, round(1e6 * weight / total)


def _weighted(names: dict[str, float]) -> Iterable[tuple[Any, ...]]:
    return ((name, round(1e6 * weight)) for name, weight in names.items())


def _places() -> Iterable[tuple[Any, ...]]:
    """Street-address zip codes; within a state, a zip of a city with n of them weighs √n."""
    by_state = defaultdict(list)
    for place in zipcodes.list_all():  # type: ignore[no-untyped-call] # it has no types
        if place["zip_code_type"] == "STANDARD" and place["active"] and place["lat"]:
            by_state[place["state"]].append(place)
    for state in sorted(THOUSANDS_OF_PEOPLE):
        places = by_state[state]
        zips = Counter(place["city"] for place in places)
        places.sort(key=lambda place: (-zips[place["city"]], place["zip_code"]))
        kept = places[:PLACES_PER_STATE]
        total = sum(math.sqrt(zips[place["city"]]) for place in kept)
        for place in kept:
            share = math.sqrt(zips[place["city"]]) / total
            people = max(1, round(1000 * THOUSANDS_OF_PEOPLE[state] * share))
            yield (place["zip_code"], place["city"], state, place["lat"], place["long"], people)


def _browsers() -> Iterable[tuple[Any, ...]]:
    weights: defaultdict[tuple[str, str], float] = defaultdict(float)
    for browser in FakeUserAgent().data_browsers:
        agent = browser["useragent"].strip('"')  # one stands in quotes there
        weights[agent, DEVICES[browser["type"]]] += browser["percent"]
    for (agent, device), percent in sorted(weights.items(), key=lambda item: -item[1]):
        yield agent, device, max(1, round(1e4 * percent))


def _write(name: str, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with (DATA / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()

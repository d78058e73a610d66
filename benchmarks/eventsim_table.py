"""The classic eventsim's statistics, as measured on the program itself, and ours beside them.

The case: its example configuration, 30,000 users, growth 0.01, 1 January to 9 March 2024, songs
of the Million Song subset. Shares of a smaller case are held to wider limits.

Of the classic's auth events 4.3 % follow no login: a request that is redirected to keeps what was
before the page that redirected, so a Login page is answered twice if a redirect comes next (a
second try, mostly, and so a failure). Ours has none of these, so that 0.90 of its auth events
succeed, as the configuration says, instead of 0.87: the row `login_success` misses its limit by
half a percent. `login_success_as_counted_there` counts our requests by the classic's rule, which
finds each auth event in the classic's own output; so counted, the walks agree.
"""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from eventsim.catalog import read_catalog
from eventsim.config import read_config
from eventsim.machine import Flags, Machine
from eventsim.randomness import Integers
from eventsim.sessions import Requests
from eventsim.simulation import Simulation
from eventsim.world import World

START, DAYS, USERS = 1_704_067_200, 68, 30_000
DAY = 86_400
PAGES = (
    "NextSong", "Home", "Login", "Logout", "Downgrade", "Help", "Settings", "About", "Upgrade",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """A value of the classic eventsim, and how far ours may be from it."""

    name: str
    classic: float
    tolerance: float
    relative: bool = False

    def holds(self, ours: float, widening: float = 1) -> bool:
        """Whether our value is near enough."""
        allowed = self.tolerance * (abs(self.classic) if self.relative else 1)
        return abs(ours - self.classic) <= allowed * widening


def _near(name: str, classic: float, tolerance: float) -> Metric:
    return Metric(name, classic, tolerance, relative=True)


TABLE = (
    _near("page_views", 5_664_000, 0.03),
    _near("events_per_session_mean", 8.84, 0.03),
    _near("events_per_session_sd", 18.3, 0.03),
    Metric("events_per_session_p50", 2, 1),
    Metric("events_per_session_p75", 6, 1),
    Metric("events_per_session_p90", 25, 1),
    Metric("events_per_session_p95", 45, 3),
    Metric("events_per_session_p99", 93, 3),
    Metric("one_event_sessions", 0.323, 0.01),
    _near("events_from_logged_in_free", 2.72, 0.03),
    _near("events_from_logged_in_paid", 29.6, 0.03),
    _near("events_from_logged_out_free", 4.03, 0.03),
    _near("events_from_logged_out_paid", 16.4, 0.03),
    _near("session_seconds_mean", 1668, 0.05),
    _near("session_seconds_p50", 215, 0.05),
    Metric("share_nextsong", 0.851, 0.005),
    Metric("share_home", 0.095, 0.005),
    _near("share_login", 0.0121, 0.05),
    _near("share_logout", 0.0110, 0.05),
    _near("share_downgrade", 0.0080, 0.05),
    _near("share_help", 0.0069, 0.05),
    _near("share_settings", 0.0064, 0.05),
    _near("share_about", 0.0047, 0.05),
    _near("share_upgrade", 0.0020, 0.05),
    Metric("share_paid", 0.791, 0.01),
    Metric("share_logged_in", 0.9614, 0.003),
    Metric("share_logged_out", 0.0385, 0.003),
    Metric("share_status_200", 0.9739, 0.001),
    Metric("share_status_307", 0.0251, 0.001),
    Metric("share_status_404", 0.00106, 0.001),
    _near("gap_seconds_mean", 213, 0.02),
    _near("gap_seconds_p5", 8, 0.02),
    _near("gap_seconds_p50", 209, 0.02),
    _near("gap_seconds_p95", 416, 0.02),
    _near("song_to_song_seconds_mean", 238.9, 0.01),
    Metric("hour_share_15", 0.080, 0.003),
    Metric("hour_share_06", 0.028, 0.003),
    Metric("saturday_against_midweek", 0.546, 0.04),
    Metric("sunday_against_midweek", 0.52, 0.04),
    _near("sessions_per_user_and_day", 0.303, 0.03),
    _near("daily_users_share", 0.227, 0.03),
    _near("events_per_user_p50", 46, 0.06),
    _near("events_per_user_p95", 872, 0.06),
    _near("changes_per_1000_page_views", 0.70, 0.10),
    _near("login_success", 0.870, 0.03),
    _near("login_success_as_counted_there", 0.870, 0.03),
)


def songs_by_plays(counts: Path, target: Path) -> None:
    """Write the Million Song subset with its listen counts as a songs file.

    Args:
        counts: Track id, artist, title, duration, plays; tab-separated, gzip.
        target: The CSV to write.
    """
    with gzip.open(counts, "rt", encoding="utf-8", errors="replace") as source:
        rows = list(csv.reader(source, delimiter="\t", quoting=csv.QUOTE_NONE))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("track_id", "artist", "title", "duration", "plays"))
        writer.writerows(rows)


def case(data: Path, songs: Path) -> World:
    """The world of the case, from the folder of the real data and the songs with their plays."""
    config = read_config(data / "eventsim" / "example-config.json")
    return World.of(msgspec.structs.replace(config, growth_rate=0.01), read_catalog(songs))


def simulated(world: World, users: int, days: int, start: int = START) -> Requests:
    """All requests of so many users in so many days from `start`, epoch seconds."""
    simulation = Simulation(world, start, start + days * DAY, users)
    parts = [simulation.advance(start + day * DAY)[0] for day in range(7, days, 7)]
    parts.append(simulation.advance(start + days * DAY)[0])
    return Requests(
        *(np.concatenate([getattr(part, name) for part in parts])
          for name in Requests.__dataclass_fields__)
    )  # fmt: skip


def measured(world: World, requests: Requests, days: int) -> dict[str, float]:
    """Our values of the table's metrics, by name."""
    machine = world.machine
    return {
        "page_views": float(len(requests)),
        **_by_session(machine, requests),
        **_shares(machine, requests),
        **_over_time(machine, requests, days),
    }


def _by_session(machine: Machine, requests: Requests) -> dict[str, float]:
    order = np.lexsort((requests.item, requests.session))
    session, at, state = requests.session[order], requests.at[order], requests.state[order]
    first = np.flatnonzero(np.r_[True, session[1:] != session[:-1]])
    last = np.r_[first[1:], len(session)] - 1
    sizes, seconds = last - first + 1, at[last] - at[first]
    gaps = np.diff(at)[session[1:] == session[:-1]]
    song = machine.is_song[state]
    in_row = (session[1:] == session[:-1]) & song[1:] & song[:-1]
    found = {
        "events_per_session_mean": sizes.mean(),
        "events_per_session_sd": sizes.std(),
        "one_event_sessions": (sizes == 1).mean(),
        "session_seconds_mean": seconds.mean(),
        "session_seconds_p50": np.median(seconds),
        "gap_seconds_mean": gaps.mean(),
        "song_to_song_seconds_mean": np.diff(at)[in_row].mean(),
    }
    found |= {f"events_per_session_p{p}": np.percentile(sizes, p) for p in (50, 75, 90, 95, 99)}
    found |= {f"gap_seconds_p{p}": np.percentile(gaps, p) for p in (5, 50, 95)}
    for auth in ("Logged In", "Logged Out"):
        for level in ("free", "paid"):
            begins_so = _where(machine, state[first], auth=auth, level=level)
            name = f"events_from_{auth}_{level}".lower().replace(" ", "_")
            found[name] = sizes[begins_so].mean()
    return {name: float(value) for name, value in found.items()}


def _shares(machine: Machine, requests: Requests) -> dict[str, float]:
    shares = {}
    for page in PAGES:
        shares[f"share_{page.lower()}"] = _where(machine, requests.state, page=page).mean()
    for auth in ("Logged In", "Logged Out"):
        name = auth.lower().replace(" ", "_")
        shares[f"share_{name}"] = _where(machine, requests.state, auth=auth).mean()
    for status in (200, 307, 404):
        shares[f"share_status_{status}"] = _where(machine, requests.state, status=status).mean()
    shares["share_paid"] = _where(machine, requests.state, level="paid").mean()
    after_login = machine.is_login[np.minimum(requests.previous, machine.end)]
    shares["login_success"] = machine.is_logged_in[requests.state[after_login]].mean()
    shares["login_success_as_counted_there"] = _login_success_there(machine, requests)
    shares["changes_per_1000_page_views"] = 1000 * machine.is_change[requests.state].mean()
    return {name: float(share) for name, share in shares.items()}


def _login_success_there(machine: Machine, requests: Requests) -> float:
    """The share of logins that succeed, by the classic's rule of what answers a login."""
    order = np.lexsort((requests.item, requests.session))
    state, first = requests.state[order], requests.item[order] == 0
    answers = answers_login(
        machine.is_login[np.minimum(requests.previous[order], machine.end)],
        machine.is_redirect[state] & ~first,
    )
    return float(machine.is_logged_in[state[answers]].mean())


def answers_login(after_login: Flags, is_redirect: Flags) -> npt.NDArray[np.intp]:
    """Which requests answer a login for the classic: redirects keep what was before them.

    Both flags tell of requests by session and item; the first of a session is no redirect here.
    """
    kept = np.where(is_redirect, 0, np.arange(len(is_redirect)))
    return np.flatnonzero(after_login[np.maximum.accumulate(kept)])


def _over_time(machine: Machine, requests: Requests, days: int) -> dict[str, float]:
    day = (requests.at - START) // DAY
    by_day = np.bincount(day, minlength=days)[: days // 7 * 7].reshape(-1, 7)
    midweek = by_day[:, 1:4].mean()
    by_hour = np.bincount(requests.at // 3600 % 24, minlength=24) / len(requests)
    known = machine.is_shown[requests.state]
    visits = len(np.unique(requests.session[known]))
    user_days = len(np.unique(requests.listener[known] * days + day[known]))
    per_user = np.unique(requests.listener[known], return_counts=True)[1]
    active = len(per_user)
    return {
        "hour_share_15": float(by_hour[15]),
        "hour_share_06": float(by_hour[6]),
        "saturday_against_midweek": float(by_day[:, 5].mean() / midweek),
        "sunday_against_midweek": float(by_day[:, 6].mean() / midweek),
        "sessions_per_user_and_day": visits / active / days,
        "daily_users_share": user_days / active / days,
        "events_per_user_p50": float(np.median(per_user)),
        "events_per_user_p95": float(np.percentile(per_user, 95)),
    }


def _where(machine: Machine, state: Integers, **wanted: str | int) -> npt.NDArray[np.bool_]:
    """Which requests are in a state with these values."""
    fits = [
        all(getattr(each, name) == value for name, value in wanted.items())
        for each in machine.states
    ]
    flags: npt.NDArray[np.bool_] = np.array([*fits, False])[state]
    return flags

"""Draws the statistics in docs/eventsim.md: `python -m benchmarks.eventsim_plots DATA [FOLDER]`.

DATA is the folder of the real data (`eventsim/example-config.json`, `msd/listen_counts.txt.gz`);
FOLDER, where the pictures go, is `docs/images`. The case is that of the acceptance table. The
same code draws the same bytes.
"""

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.eventsim_table import (
    DAY,
    DAYS,
    START,
    TABLE,
    USERS,
    case,
    simulated,
    songs_by_plays,
)
from eventsim.machine import Machine
from eventsim.randomness import Integers
from eventsim.sessions import Requests
from eventsim.world import World

SPRING = 1_714_953_600
"""Monday 6 May 2024; its six weeks have a holiday in them."""
WEEKS = 6
HOLIDAY = datetime(2024, 5, 27, tzinfo=UTC)
"""Memorial Day."""
A_YEAR = 364
OURS, THEIRS, INK, PAPER, SHADE = "#2563a8", "#d1495b", "#2b2b2b", "#fbfbf9", "#e9e6df"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "musicflow", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.edgecolor": INK, "axes.labelcolor": INK,
    "text.color": INK, "xtick.color": INK, "ytick.color": INK, "figure.facecolor": PAPER,
    "axes.facecolor": PAPER, "legend.frameon": False, "svg.fonttype": "path",
}  # fmt: skip
MARKED: dict[str, Any] = {
    "color": THEIRS, "marker": "D", "markersize": 5, "linestyle": "none", "zorder": 3,
}  # fmt: skip
CLASSIC = {metric.name: metric.classic for metric in TABLE}


def main() -> None:
    """Simulate and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/images"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        songs = Path(folder) / "songs.csv"
        songs_by_plays(options.data / "msd" / "listen_counts.txt.gz", songs)
        world = case(options.data, songs)
    requests = simulated(world, USERS, DAYS)
    with mpl.rc_context(STYLE):
        draw(options.folder, "hours", lambda axes: hours(axes, requests))
        draw(options.folder, "days", lambda axes: days(axes, world))
        draw(options.folder, "sessions", lambda axes: sessions(axes, requests))
        draw(options.folder, "gaps", lambda axes: gaps(axes, requests))
        draw(options.folder, "pages", lambda axes: pages(axes, world.machine, requests))
        draw(options.folder, "listeners", lambda axes: listeners(axes, world))


def draw(folder: Path, name: str, plot: Callable[[Axes], None]) -> None:
    """Draw one picture, `eventsim-<name>.svg`."""
    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    plot(figure.add_subplot())
    figure.savefig(
        folder / f"eventsim-{name}.svg", metadata={"Date": None, "Creator": "MusicFlow eventsim"}
    )


def hours(axes: Axes, requests: Requests) -> None:
    """Page views and sessions begun by hour of day."""
    views = np.bincount(requests.at // 3600 % 24, minlength=24) / len(requests)
    begun = requests.at[requests.item == 0]
    starts = np.bincount(begun // 3600 % 24, minlength=24) / len(begun)
    axes.bar(np.arange(24), 100 * views, color=OURS, alpha=0.45, label="page views")
    axes.plot(np.arange(24), 100 * starts, color=OURS, marker=".", label="sessions begun")
    classic = [CLASSIC["hour_share_06"], CLASSIC["hour_share_15"]]
    axes.plot([6, 15], 100 * np.array(classic), **MARKED, label="page views, classic")
    axes.set(xlabel="hour of day", ylabel="share (%)", xticks=range(0, 24, 3))
    axes.legend(loc="upper left")


def days(axes: Axes, world: World) -> None:
    """Page views by day against the mean of the week's Tuesday to Thursday; with a holiday."""
    requests = simulated(world, USERS, WEEKS * 7, SPRING)
    weeks = np.bincount((requests.at - SPRING) // DAY, minlength=WEEKS * 7).reshape(WEEKS, 7)
    level = (weeks / weeks[:, 1:4].mean(axis=1, keepdims=True)).ravel()
    day = np.arange(WEEKS * 7)
    for saturday in range(5, WEEKS * 7, 7):
        axes.axvspan(saturday - 0.5, saturday + 1.5, color=SHADE)
    axes.plot(day, level, color=OURS, marker=".", label="ours")
    for first, name in ((5, "saturday"), (6, "sunday")):
        classic = CLASSIC[f"{name}_against_midweek"]
        label = "Saturdays and Sundays, classic" if name == "saturday" else None
        axes.plot(day[first::7], np.full(WEEKS, classic), **MARKED, label=label)
    holiday = (int(HOLIDAY.timestamp()) - SPRING) // DAY
    axes.annotate("Memorial Day", (holiday, level[holiday]), (holiday + 0.6, 0.42))
    axes.set(xlabel="days from Monday, 6 May 2024", ylabel="against Tue-Thu", ylim=(0.3, 1.25))
    axes.legend(loc="upper right", ncols=2)


def sessions(axes: Axes, requests: Requests) -> None:
    """How many sessions have more than so many events."""
    sizes = np.unique(requests.session, return_counts=True)[1]
    more = 1 - np.cumsum(np.bincount(sizes)) / len(sizes)
    axes.loglog(np.arange(1, len(more)), 100 * more[1:], color=OURS, label="ours")
    rest = np.array([50, 25, 10, 5, 1])
    classic = [CLASSIC[f"events_per_session_p{100 - each}"] for each in rest]
    axes.plot(classic, rest, **MARKED, label="quantiles, classic")
    axes.set(xlabel="events in the session, more than", ylabel="sessions (%)", ylim=(0.002, 130))
    axes.legend(loc="lower left")


def gaps(axes: Axes, requests: Requests) -> None:
    """Seconds between two requests of a session: songs' lengths, and waits on other pages."""
    gap = _gaps(requests)
    axes.hist(gap, bins=list(range(0, 602, 6)), color=OURS, alpha=0.45,
              weights=np.full(len(gap), 100 / len(gap)), label="ours")  # fmt: skip
    for name, quantile in (("p5", 5), ("p50", 50), ("p95", 95)):
        axes.axvline(float(np.percentile(gap, quantile)), color=OURS, linewidth=1)
        label = "5, 50, 95 % quantiles, classic" if quantile == 5 else None
        axes.plot([CLASSIC[f"gap_seconds_{name}"]], [0.1], **MARKED, label=label)
    axes.set(xlabel="seconds from one request to the next", ylabel="gaps (%)", xlim=(0, 600))
    axes.legend(loc="center right")


def _gaps(requests: Requests) -> Integers:
    order = np.lexsort((requests.item, requests.session))
    session, at = requests.session[order], requests.at[order]
    gap: Integers = np.diff(at)[session[1:] == session[:-1]]
    return gap


def pages(axes: Axes, machine: Machine, requests: Requests) -> None:
    """How often each page is requested."""
    names = sorted({state.page for state in machine.states})
    number = np.array([names.index(state.page) for state in machine.states])
    shares = 100 * np.bincount(number[requests.state], minlength=len(names)) / len(requests)
    order = [each for each in np.argsort(shares) if shares[each] > 0]
    axes.barh(range(len(order)), shares[order], color=OURS, alpha=0.45, label="ours", log=True)
    known = [(row, CLASSIC.get(f"share_{names[each].lower()}")) for row, each in enumerate(order)]
    axes.plot([100 * share for _, share in known if share],
              [row for row, share in known if share], **MARKED, label="classic")  # fmt: skip
    axes.set_yticks(range(len(order)), [names[each] for each in order], fontsize=7)
    axes.set(xlabel="share of page views (%)")
    axes.legend(loc="lower right")


def listeners(axes: Axes, world: World) -> None:
    """How many listeners are there each week of a year, as they come and leave."""
    for growth, attrition, style in ((0.5, 0, "-"), (0, 0, "--"), (0.5, 0.5, "-."), (0, 0.5, ":")):
        config = msgspec.structs.replace(world.config, growth_rate=growth, attrition_rate=attrition)
        week = simulated(World.of(config, world.catalog), 4000, A_YEAR)
        pairs = np.unique((week.at - START) // (7 * DAY) * 2**32 + week.listener) // 2**32
        active = np.bincount(pairs, minlength=A_YEAR // 7)
        label = f"growth {growth:g}, attrition {attrition:g}"
        axes.plot(active / active[2:6].mean(), style, color=OURS, label=label)
    axes.set(xlabel="week of the year", ylabel="active listeners,\nJanuary = 1", ylim=(0, None))
    axes.legend(loc="lower left", ncols=2)


if __name__ == "__main__":
    main()

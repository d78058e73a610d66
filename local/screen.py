"""What the demo shows: a line per stage while it works, and the tables at the end."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.report import Report

QUIET_SECONDS = 15
"""How often a stage says how far it is where no terminal shows it live."""


class Screen:
    """The console, and the wall time of each stage."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, title: str) -> Iterator[Callable[[str], None]]:
        """Show a stage while it runs; what it yields takes a word on how far it is."""
        started = time.monotonic()
        said = started
        with self.console.status(escape(title)) as status:

            def show(detail: str) -> None:
                nonlocal said
                status.update(escape(f"{title} · {detail}"))
                if not self.console.is_terminal and time.monotonic() - said > QUIET_SECONDS:
                    said = time.monotonic()
                    self._line(f"  … {title} · {detail}")

            if not self.console.is_terminal:
                self._line(f"  … {title}")
            yield show
        self.seconds[name] = time.monotonic() - started
        self._line(f"  ✓ {title} {self.seconds[name]:.1f} s")

    def note(self, text: str) -> None:
        """Say something in the middle of a stage."""
        self._line(f"  ! {text}")

    def _line(self, text: str) -> None:
        """Print text as it is: paths and log lines may look like markup."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def summary(self, report: Report, next_steps: Mapping[str, str]) -> None:
        """Show that every event is accounted for, what was played most, and where to go on."""
        self.console.print()
        self.console.print(counts_table(report))
        if any(counts.rejects for counts in report.topics.values()):
            self.console.print()
            self.console.print(reasons_table(report))
        self.console.print()
        for name, rows in report.facts.items():
            self.console.print(f"  {name}: {rows:,} rows", highlight=False)
        if not report.hours:
            self.console.print("  no hour was built: none with events is complete yet")
        if waiting := sum(counts.waiting for counts in report.topics.values()):
            self.console.print(f"  {waiting:,} rows wait for their hour to be complete")
        verdict = "[green]yes[/green]" if report.reconciled else "[red]NO[/red]"
        self.console.print(f"  {report.hours} hours built; every event accounted for: {verdict}")
        if report.top_songs:
            self.console.print()
            self.console.print(songs_table(report))
        stages = ", ".join(f"{name} {value:.0f} s" for name, value in self.seconds.items())
        self.console.print(f"\nWall time: {stages}", highlight=False, soft_wrap=True)
        self.console.print("Where to go next:")
        for purpose, command in next_steps.items():
            self._line(f"  {purpose}: {command}")


def narrow_table(title: str) -> Table:
    """A table without frames, so that six numbers fit a terminal of 80 columns."""
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=0)


def counts_table(report: Report) -> Table:
    """One line per topic, hop by hop."""
    table = narrow_table("Where every message went")
    table.add_column("topic", no_wrap=True)
    for hop in ("produced", "accepted", "rejected", "duplicates", "raw rows"):
        table.add_column(hop, justify="right")
    table.add_column("adds up")
    for name, counts in report.topics.items():
        numbers = (
            counts.produced, counts.accepted, counts.rejects, counts.duplicates, counts.raw,
        )  # fmt: skip
        verdict = "yes" if counts.reconciled else "[red]NO[/red]"
        table.add_row(name, *(f"{number:,}" for number in numbers), verdict)
    return table


def reasons_table(report: Report) -> Table:
    """Why messages were rejected, by topic."""
    table = narrow_table("Why messages were rejected")
    table.add_column("topic", no_wrap=True)
    table.add_column("reason", no_wrap=True)
    table.add_column("messages", justify="right")
    for name, counts in report.topics.items():
        for reason, messages in counts.rejected.items():
            table.add_row(name, reason, f"{messages:,}")
    return table


def songs_table(report: Report) -> Table:
    """The most played songs."""
    table = narrow_table("Most played")
    table.add_column("song")
    table.add_column("artist")
    table.add_column("plays", justify="right")
    for song, artist, plays in report.top_songs:
        table.add_row(harmless(song), harmless(artist), f"{plays:,}")
    return table


def harmless(title: str) -> str:
    """A title that neither looks like markup nor steers the terminal."""
    return escape("".join(each if each.isprintable() else "\N{MIDDLE DOT}" for each in title))

"""The demo's verdict: yes only if every message is accounted for at every hop."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from local.report import Report, TopicCounts
from local.screen import Screen

LISTENS = TopicCounts(
    produced=10, accepted=8, rejected={"wrong_type": 2}, duplicates=1, raw=7,
)  # fmt: skip
GOOD = Report(
    topics={"listen_events": LISTENS},
    facts={"fct_streams": 7},
    hours=24,
    hours_reconciled=True,
    top_songs=[("Everything [Duet]", "Fiona [bold]", 1234)],
    seconds={"land": 1.2345},
)


def listens(**changed) -> Report:
    return replace(GOOD, topics={"listen_events": replace(LISTENS, **changed)})


def test_all_accounted_for_is_reconciled():
    assert GOOD.reconciled


def test_rows_of_an_hour_that_still_runs_wait_and_are_not_lost():
    assert listens(accepted=10, produced=12, waiting=2).reconciled


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(listens(produced=11), id="a message never arrived"),
        pytest.param(listens(rejected={"wrong_type": 3}), id="a message counted twice"),
        pytest.param(listens(raw=6), id="a row lost between lake and raw"),
        pytest.param(listens(duplicates=0), id="a duplicate kept"),
        pytest.param(replace(GOOD, facts={"fct_streams": 6}), id="a fact lost"),
        pytest.param(replace(GOOD, hours_reconciled=False), id="an hour does not add up"),
    ],
)
def test_anything_lost_or_doubled_is_not(report):
    assert not report.reconciled
    assert report.as_json()["reconciled"] is False


def test_the_report_has_the_documented_form():
    assert GOOD.as_json() == {
        "topics": {
            "listen_events": {
                "produced": 10, "accepted": 8, "rejected": {"wrong_type": 2}, "duplicates": 1,
                "raw": 7,
                "waiting": 0,
            }
        },
        "facts": {"fct_streams": 7},
        "hours": 24,
        "reconciled": True,
        "seconds": {"land": 1.2},
    }  # fmt: skip


def test_titles_that_look_like_markup_are_shown_as_they_are():
    shown = io.StringIO()

    Screen(Console(file=shown, width=200)).summary(GOOD, {"go on": "make dev"})

    assert "Everything [Duet]" in shown.getvalue()
    assert "Fiona [bold]" in shown.getvalue()
    assert "1,234" in shown.getvalue()
    assert "go on: make dev" in shown.getvalue()


def test_text_that_looks_like_markup_is_no_markup():
    shown = io.StringIO()
    screen = Screen(Console(file=shown, width=80))

    with screen.stage("land", "a [stage]") as show:
        show("[/nothing] [info     ] landed")
        screen.note("[red]no colour[/red]")

    assert "a [stage]" in shown.getvalue()
    assert "[red]no colour[/red]" in shown.getvalue()


def test_a_title_cannot_steer_the_terminal():
    shown = io.StringIO()
    hostile = replace(GOOD, top_songs=[("\x1b[31mred\x1b]0;title\x07", "two\nlines", 1)])

    Screen(Console(file=shown, width=80)).summary(hostile, {})

    assert "\x1b" not in shown.getvalue()
    assert "two\N{MIDDLE DOT}lines" in shown.getvalue()


def test_the_tables_fit_a_terminal_of_80_columns():
    counts = TopicCounts(
        produced=1_234_567,
        accepted=1_234_567,
        rejected={"unreadable_json": 1_234, "impossible_time": 1},
        duplicates=1_234,
        raw=1_234_567,
    )
    shown = io.StringIO()

    Screen(Console(file=shown, width=80)).summary(
        replace(GOOD, topics=dict.fromkeys([*GOOD.topics, "status_change_events"], counts)), {}
    )

    assert "…" not in shown.getvalue()
    assert max(map(len, shown.getvalue().splitlines())) <= 80

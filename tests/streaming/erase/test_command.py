"""`python -m streaming erase`: the id is asked for where nobody sees it."""

import json

import pytest
from click.testing import CliRunner

from contracts.erasures import read_erasure
from streaming.__main__ import main

from .lake import ANN, BOB, KEY, of


def run(lake, *options, given="", **environment):
    command = ["erase", "--home", str(lake.folder), "--lake", str(lake.store.root), *options]
    keyed = {"MUSICFLOW_SUPPRESSION_KEY": KEY.configured} | environment
    return CliRunner().invoke(main, command, input=given, env=keyed)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"given": f"{ANN}\n"}, id="input"),
        pytest.param({"MUSICFLOW_FORGET_USER": f" {ANN} "}, id="environment"),
    ],
)
def test_it_says_what_was_erased_and_never_whose(lake, how):
    lake.land(of(ANN, 0), of(BOB, 1), of(ANN, 3, level="x"))

    answer = run(lake, "--json", "--by", "Ada", **how)

    assert answer.exit_code == 0
    told = json.loads(answer.stdout.splitlines()[-1])
    assert told["events"]["listen_events"] == {
        "hours": {"2026-01-01-05:00": 1},
        "rejects": {"2026-01-02-12:00": 1},
        "files": 2,
        "unfinished": 0,
    }
    assert set(told["events"]) == {"listen_events", "page_view_events", "auth_events",
                                   "status_change_events", "music_events"}  # fmt: skip
    assert (told["number"], told["live"], told["postgres"]) == (1, 0, None)
    assert told["remains"][0].startswith("Postgres was not looked at, as POSTGRES_URL is not set")
    assert str(ANN) not in answer.output
    record = read_erasure(lake.store, told["user_hash"])
    assert (record.requested_by, record.accepted["listen_events"]) == (
        "Ada", {"2026-01-01-05:00": 1}
    )  # fmt: skip


def test_for_people_it_says_so_in_lines(lake):
    lake.land(of(ANN, 0))

    answer = run(lake, given=str(ANN))

    assert "listen_events: 1 rows of 1 hours, 0 rejects\n" in answer.output


@pytest.mark.parametrize("given", ["", "abc", "7350219864731x", "9" * 19, "4.2", "٤٢"])
def test_what_is_no_id_is_refused_without_showing_it(lake, given):
    answer = run(lake, given=given)

    assert answer.exit_code == 1
    assert answer.output == (
        "erase: give the user's id, a whole number, in MUSICFLOW_FORGET_USER or as the first line "
        "of the input\n"
    )
    assert not lake.store.exists("_suppressed/000000000001.json")


def test_no_lake_is_one_clear_line(lake, tmp_path):
    answer = run(lake, "--lake", str(tmp_path / "none"), given="42")

    assert answer.exit_code == 1
    assert answer.output.startswith("erase: there is no lake in ")

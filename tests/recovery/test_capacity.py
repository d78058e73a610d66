"""What docs/capacity.md tells is what the model reckons, and what a folder holds is measured."""

import json
from pathlib import Path

import pytest

from benchmarks.capacity import main
from benchmarks.capacity_model import Assumptions, needs
from tests.builders import LakeBuilder, hour_of_listens
from tests.recovery.documented import ROOT

PAGE = (ROOT / "docs" / "capacity.md").read_text()
DAYS = (1e6, 1e7, 1e8, 1e9)


def shown(dollars: float) -> str:
    return f"{dollars:,.0f}" if dollars >= 10 else f"{dollars:.1f}"


@pytest.mark.parametrize(
    "cost", [line["metric"] for line in needs(1e6, Assumptions()) if "dollars" in line["unit"]]
)
def test_the_costs_of_the_page_are_those_of_the_model(cost):
    reckoned = [
        line["value"] for day in DAYS for line in needs(day, Assumptions())
        if line["metric"] == cost and "dollars" in line["unit"]
    ]  # fmt: skip

    assert f"| {cost} | {' | '.join(map(shown, reckoned))} |" in PAGE


def test_what_a_run_holds_is_told_per_million_messages(tmp_path: Path, capsys):
    lake = LakeBuilder(tmp_path / "lake")
    lake.land("listen_events", hour_of_listens(0, 10))
    files = sum(each.stat().st_size for each in (lake.root / "listen_events").rglob("*.parquet"))

    main([str(tmp_path)])

    told = {
        line["metric"]: line["value"]
        for line in map(json.loads, capsys.readouterr().out.splitlines())
    }
    assert told["messages"] == 10
    assert told["lake: accepted"] == files * 100_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["nowhere"], "nothing has landed", id="no lake"),
        pytest.param(["--events-per-day", "1", "--set", "x=1"], "there is only", id="no such name"),
        pytest.param(["--events-per-day", "1", "--set", "peak"], "give a number", id="no number"),
    ],
)
def test_a_wrong_input_is_one_clear_line(arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(arguments)


def test_an_assumption_can_be_set(capsys):
    main(["--events-per-day", "1e9", "--set", "vcpu_hour=0", "--set", "dataproc_vcpu_hour=0"])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {
        line["metric"]: line["value"]
        for line in told
        if line["metric"] == "landing" and "dollars" in line["unit"]
    } == {"landing": 0}

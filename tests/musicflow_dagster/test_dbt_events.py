"""Several builds of one step tell Dagster of each model and of each check once."""

import json

import dagster as dg
import pytest

from musicflow_dagster.assets.dbt_events import DURATION, costs_of, in_one, model_of

KEY = dg.AssetKey(["marts", "fct_streams"])


def model(name, seconds):
    return dg.Output(
        None, output_name=name, metadata={"unique_id": f"model.p.{name}", DURATION: seconds}
    )


def check(name, *, passed):
    return dg.AssetCheckResult(asset_key=KEY, check_name=name, passed=passed)


def test_a_model_is_told_once_with_the_seconds_of_all_builds():
    builds = [[model("a", 1.5), model("b", 1.0)], [model("a", 2.0)], [model("a", 0.25)]]
    told = {model_of(each): each.metadata[DURATION].value for each in in_one(builds)}

    assert told == {"a": 3.75, "b": 1.0}


@pytest.mark.parametrize(
    ("results", "passed"),
    [
        pytest.param([True], True, id="one build"),
        pytest.param([True, True], True, id="in each build"),
        pytest.param([True, False, True], False, id="not in one of them"),
    ],
)
def test_a_check_passed_if_it_passed_in_each_build(results, passed):
    [told] = in_one([[check("unique", passed=each)] for each in results])

    assert told.passed is passed


def test_other_events_are_told_as_they_came():
    seen = dg.AssetObservation(KEY)

    assert list(in_one([[seen], [seen]])) == [seen, seen]
    assert model_of(seen) == ""


def test_what_a_model_was_billed_in_all_builds_is_added_up(tmp_path):
    files = [tmp_path / name for name in ("first.json", "second.json", "never_written.json")]
    billed = {"bytes_billed": 10, "slot_ms": 2}
    for file in files[:2]:
        results = [
            {"unique_id": "model.p.a", "adapter_response": billed},
            {"unique_id": "model.p.b", "adapter_response": {"_message": "OK"}},
        ]
        file.write_text(json.dumps({"results": results}))

    assert costs_of(files) == {"a": {"bytes_billed": 20, "slot_ms": 4}, "b": {}}

"""What is tried again, and what would only fail in the same way; in real runs of Dagster."""

import dagster as dg
import pytest
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from contracts.errors import ConfigurationError, ConflictError, LakeError, UnavailableError
from musicflow_dagster.assets import retrying
from musicflow_dagster.assets.retrying import RETRIES, retried


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_WAIT_SECONDS", 0)


@pytest.fixture
def run(instance):
    """Runs a step that fails so many times; the attempts it took and what came of them."""

    def attempts(error, failures):
        tried = []

        @dg.asset
        def step(context: dg.AssetExecutionContext):
            tried.append(context.retry_number)
            with retried(context):
                if len(tried) <= failures:
                    raise error

        result = dg.materialize([step], instance=instance, raise_on_error=False)
        return len(tried), result

    return attempts


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(UnavailableError("the disk is away"), id="something is not there now"),
        pytest.param(
            DagsterDbtCliRuntimeError('IO Error: Could not set lock on file "x": held'),
            id="a shell has the warehouse open while dbt runs",
        ),
    ],
)
def test_what_may_be_gone_in_a_moment_is_tried_again(run, error):
    attempts, result = run(error, 2)

    assert (attempts, result.success) == (3, True)


def test_it_is_not_tried_for_ever(run):
    attempts, result = run(UnavailableError("the disk is away"), 99)

    assert (attempts, result.success) == (1 + RETRIES, False)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ConfigurationError("another key"), id="a setting is wrong"),
        pytest.param(LakeError("a manifest is damaged"), id="the lake is wrong"),
        pytest.param(ConflictError("another writer"), id="somebody else took over"),
        pytest.param(DagsterDbtCliRuntimeError("a test failed"), id="dbt failed"),
        pytest.param(ZeroDivisionError(), id="a bug"),
    ],
)
def test_what_would_fail_in_the_same_way_is_not(run, error):
    attempts, result = run(error, 1)

    assert (attempts, result.success) == (1, False)


def test_our_errors_are_told_in_their_own_words(run):
    _, result = run(ConfigurationError("give the old key"), 1)
    [failure] = result.filter_events(lambda event: event.is_step_failure)

    assert failure.step_failure_data.user_failure_data.description == "give the old key"


def test_each_wait_is_twice_as_long(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_WAIT_SECONDS", 5)
    waits = []
    for number in range(RETRIES):
        with (
            pytest.raises(dg.RetryRequested) as asked,
            retried(type("Context", (), {"retry_number": number})()),
        ):
            raise UnavailableError("away")
        waits.append(asked.value.seconds_to_wait)

    assert waits == [5, 10, 20]

"""What went wrong on a worker is told as what it was."""

import pytest

from contracts.errors import LakeError, MusicFlowError, UnavailableError
from streaming.query import error_of_worker

TRACE = """An error occurred while calling o62.collectToPython.
: org.apache.spark.SparkException: Job aborted due to stage failure
Traceback (most recent call last):
  File "worker.py", line 1, in main
{error}

\tat org.apache.spark.api.python.BasePythonRunner
"""


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        pytest.param(
            "contracts.errors.UnavailableError: cannot write x: the disk is full: make room",
            UnavailableError("cannot write x: the disk is full: make room"),
            id="full disk",
        ),
        pytest.param("contracts.errors.LakeError: no", LakeError("no"), id="lake"),
    ],
)
def test_an_error_of_ours_is_found_in_a_workers_trace(raised, told):
    found = error_of_worker(TRACE.format(error=raised))

    assert isinstance(found, MusicFlowError)
    assert (type(found), str(found)) == (type(told), str(told))


@pytest.mark.parametrize(
    "raised", ["KeyError: 'x'", "contracts.errors.NoSuchError: x", "pyarrow.lib.ArrowInvalid: x"]
)
def test_another_error_stays_what_it_is(raised):
    assert error_of_worker(TRACE.format(error=raised)) is None

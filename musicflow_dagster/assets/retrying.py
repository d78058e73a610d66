"""Which errors of a step are tried again: those that may be gone in a moment, and no others."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from contracts.errors import MusicFlowError, UnavailableError

RETRIES = 3
FIRST_WAIT_SECONDS = 5
"""Each further wait is twice as long."""
LOCKED = "Could not set lock on file"
"""What DuckDB says, through dbt too, while somebody else has the warehouse open."""


@contextmanager
def retried(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Ask Dagster for another attempt where that may help; say of other errors that it doesn't.

    The tree of `contracts.errors` tells them apart. What is no error of ours (a bug, a test of
    dbt that failed) isn't tried again either: it would fail in the same way.
    """
    try:
        yield
    except UnavailableError as error:
        raise _another_attempt(context) from error
    except MusicFlowError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except DagsterDbtCliRuntimeError as error:
        if LOCKED in str(error):
            raise _another_attempt(context) from error
        raise


def _another_attempt(context: dg.AssetExecutionContext) -> dg.RetryRequested:
    wait = FIRST_WAIT_SECONDS * 2**context.retry_number
    return dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=wait)

"""The Spark session under `spark-submit`: master, jars, memory and logs are the caller's."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from contracts.errors import UnavailableError
from streaming.session import SparkEndedError
from streaming.settings import LandingSettings
from streaming.spark_options import ON_ANY_MASTER


def is_submitted() -> bool:
    """Whether `spark-submit` started this process: its Java, which we belong to, runs already."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


@contextmanager
def submitted_session(settings: LandingSettings) -> Iterator[SparkSession]:  # noqa: ARG001 as spark_session
    """A session on the master that `spark-submit` was told, in the Java that started us.

    Raises:
        UnavailableError: Spark does not start.
        SparkEndedError: Its Java process ended in the middle.
    """
    session = _opened()
    try:
        yield session
    except (Py4JError, ConnectionError) as error:
        raise SparkEndedError(
            "Spark has ended: submit landing again, it goes on where it was"
        ) from error
    finally:
        with suppress(Py4JError, ConnectionError):
            session.stop()


def _opened() -> SparkSession:
    ours = signal.getsignal(signal.SIGINT)
    builder = SparkSession.builder
    for name, value in ON_ANY_MASTER.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        raise UnavailableError("Spark did not start: see what spark-submit printed") from error
    finally:
        # Spark takes Ctrl-C for itself, and would end the batch in hand.
        signal.signal(signal.SIGINT, ours)

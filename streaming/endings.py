"""What a query's end in Spark means to whoever runs landing."""

import re

from contracts.errors import ConflictError, MusicFlowError, UnavailableError
from streaming.session import LOG
from streaming.settings import LandingSettings

TAKEN_OVER = ("CONCURRENT_STREAM_LOG_UPDATE", "Multiple streaming queries are concurrently using")
"""What Spark says if somebody else has written down a batch in its checkpoint: found when it looks
for the batch before it writes, or by the file system as it writes."""
_ERROR = re.compile(r"[\w.]+(Error|Exception)\b")


def failure_of_spark(topic: str, problem: str, settings: LandingSettings) -> MusicFlowError:
    """The error to raise for a query that Spark ended.

    Args:
        topic: Whose query it was.
        problem: Spark's own words, which may be a stack trace.
        settings: Of the landing job.
    """
    if any(words in problem for words in TAKEN_OVER):
        return ConflictError(
            f"{topic}: another landing job has gone on with the same checkpoint, "
            f"{settings.checkpoints}: this one stops; see to it that only one runs"
        )
    return UnavailableError(
        f"{topic}: Spark has stopped: {_told(problem)} (see {settings.spark_home / LOG})"
    )


def _told(problem: str) -> str:
    """The line of a Spark or Python stack trace that tells most: the last error of ours."""
    said = problem.partition("=== Streaming Query ===")[0]
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or lines or ["no word"])[-1][:300]

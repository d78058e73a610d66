"""When Spark dies, users read our line, and no stack trace of its libraries."""

import subprocess
import sys

import pytest

KILLED = {
    "py4j's connection": "logging.exception('Exception while sending command.')",
    "py4j's own logger": "logging.getLogger('py4j.clientserver').exception('no answer')",
    "the accumulators' server": """
try:
    raise EOFError
except EOFError:
    AccumulatorTCPServer.handle_error(None, None, None)
""",
}


@pytest.mark.parametrize("noise", KILLED.values(), ids=list(KILLED))
def test_what_spark_prints_when_it_dies_is_not_seen(noise):
    program = f"""
import logging
from pyspark.accumulators import AccumulatorTCPServer
from streaming.quiet import silence_spark
silence_spark()
{noise}
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ended.stderr == ""

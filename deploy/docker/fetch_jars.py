# ruff: noqa: INP001  a script of the images, in no package
"""Fetches what landing would download at its first start, so that a container needs no network.

Kafka's source for Spark, Google's connector for a checkpoint in a bucket, and the launcher of the
Java in the image; into MUSICFLOW_CACHE. Amazon's connector (700 MB) stays out.
"""

import os
import shutil
from pathlib import Path

from contracts.logs import configure_logs
from streaming.jars import SPARK_GCS, SPARK_KAFKA, jars
from streaming.java import java_home, spark_java_home

if __name__ == "__main__":
    configure_logs()
    cache, java = Path(os.environ["MUSICFLOW_CACHE"]), java_home()
    for each in (SPARK_KAFKA, SPARK_GCS):
        jars(each, cache, java)
    spark_java_home(java, cache)
    shutil.rmtree(cache / "ivy", ignore_errors=True)

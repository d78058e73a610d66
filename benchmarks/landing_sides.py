"""What is compared in landing's benchmark, each side in a process of its own.

`python -m benchmarks.landing_sides SIDE ADDRESS HOME CACHE CORES` takes the whole topic twice and
prints what the second time took, all processes counted, as one JSON object.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from benchmarks.processes import cpu_seconds, watched_memory
from contracts.events import LISTEN_EVENTS, FieldType
from contracts.manifests import ManifestLog
from contracts.store import open_store
from contracts.to_spark import SPARK_TYPES
from streaming.landing import land
from streaming.plain import PLAIN_TYPES
from streaming.session import spark_session
from streaming.settings import LandingSettings

TOPIC = LISTEN_EVENTS.name
CONSUMED_AT_ONCE = 10_000
ROWS_OF_A_FILE = 100_000
MEBIBYTE = 2**20
BUCKET = "benchmark"

Run = Callable[[Path], int]
"""Takes the whole topic, writing into an empty folder; answers how many messages it was."""


@contextmanager
def ours(settings: LandingSettings) -> Iterator[Run]:
    """Landing as it is: rules, rejects, classes, Parquet by hour, a manifest per batch."""
    with spark_session(settings) as spark:

        def run(folder: Path) -> int:
            update = {"lake_folder": str(folder / "lake"), "checkpoints_folder": str(folder)}
            return _landed(settings.model_copy(update=update), spark)

        yield run


@contextmanager
def ours_in_a_bucket(settings: LandingSettings) -> Iterator[Run]:
    """The same with lake and checkpoint in the bucket that `cloud_landing` has made."""
    root = f"gs://{BUCKET}"
    settings = settings.model_copy(update={"checkpoints_folder": f"{root}/checkpoints"})
    with spark_session(settings) as spark:

        def run(folder: Path) -> int:
            update = {
                "lake_folder": f"{root}/{folder.name}/lake",
                "checkpoints_folder": f"{root}/{folder.name}/checkpoints",
            }
            return _landed(settings.model_copy(update=update), spark)

        yield run


def _landed(settings: LandingSettings, spark: SparkSession) -> int:
    stop = threading.Event()
    land(settings, [LISTEN_EVENTS], stop, once=True, session=lambda _: nullcontext(spark))
    manifests = ManifestLog(open_store(settings.lake), TOPIC).after(0)
    return sum(each.accepted + each.rejected for each in manifests)


@contextmanager
def reference_job(settings: LandingSettings) -> Iterator[Run]:
    """The job that the field runs: from_json, a Python UDF on two texts, Spark's file sink."""
    schema = StructType(
        [StructField(each.wire_name, StringType() if each.accepts_text else SPARK_TYPES[
            "integer" if each.type == "timestamp" else each.type]) for each in LISTEN_EVENTS]
    )  # fmt: skip
    with spark_session(settings, java_options="") as spark:  # Java reads and parses: all of it
        mended = F.udf(_mended, StringType())

        def run(folder: Path) -> int:
            at = F.timestamp_millis("ts")
            rows = (
                _topic(spark, settings)
                .select(F.from_json(F.col("value").cast("string"), schema).alias("event"))
                .select("event.*")
                .withColumns({"artist": mended("artist"), "song": mended("song")})
                .withColumns({"month": F.month(at), "day": F.dayofmonth(at), "hour": F.hour(at)})
            )
            query = (
                rows.writeStream.format("parquet")
                .partitionBy("month", "day", "hour")
                .option("path", str(folder / "data"))
                .option("checkpointLocation", str(folder / "checkpoint"))
                .trigger(availableNow=True)
                .start()
            )
            query.awaitTermination()
            return sum(each["numInputRows"] for each in query.recentProgress)

        yield run


def _topic(spark: SparkSession, settings: LandingSettings) -> DataFrame:
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka or "")
        .option("subscribe", TOPIC)
        .option("startingOffsets", "earliest")
        .load()
    )


def _mended(text: str | None) -> str | None:
    """The text, if it was UTF-8 read as Latin-1, as it was meant."""
    if text is None:
        return None
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


@contextmanager
def plain_consumer(settings: LandingSettings) -> Iterator[Run]:
    """A loop without promises: consume, parse with polars, write Parquet."""
    schema = {
        each.wire_name: pl.String if each.accepts_text else PLAIN_TYPES[each.type]
        for each in LISTEN_EVENTS
    }
    decoder = msgspec.json.Decoder(_struct())

    def write(values: list[bytes], path: Path) -> None:
        try:
            rows = pl.read_ndjson(b"\n".join(values), schema=schema)
        except pl.exceptions.PolarsError:
            sound = [each for each in values if _is_sound(decoder, each)]
            rows = pl.read_ndjson(b"\n".join(sound), schema=schema)
        rows.write_parquet(path)

    def run(folder: Path) -> int:
        folder.mkdir(parents=True)
        waiting: list[bytes] = []
        total = 0
        for values in _consumed(settings):
            waiting += values
            total += len(values)
            if len(waiting) >= ROWS_OF_A_FILE:
                write(waiting, folder / f"{total}.parquet")
                waiting = []
        if waiting:
            write(waiting, folder / "last.parquet")
        return total

    yield run


def _struct() -> type[msgspec.Struct]:
    """The messages that the schema fits; what may be absent comes last, as it has a default."""
    types: dict[FieldType, type] = {
        "text": str, "integer": int, "number": float, "boolean": bool, "timestamp": int
    }  # fmt: skip
    fields: list[Any] = []
    for each in sorted(LISTEN_EVENTS, key=lambda field: field.nullable):
        kind: Any = int | str if each.accepts_text else types[each.type]
        fields.append((each.wire_name, kind | None, None) if each.nullable
                      else (each.wire_name, kind))  # fmt: skip
    return msgspec.defstruct("Listen", fields)


def _is_sound(decoder: "msgspec.json.Decoder[msgspec.Struct]", value: bytes) -> bool:
    try:
        value.decode()
        decoder.decode(value)
    except (UnicodeDecodeError, msgspec.DecodeError):
        return False
    return True


@contextmanager
def raw_consume(settings: LandingSettings) -> Iterator[Run]:
    """Messages off the wire, and nothing more."""
    yield lambda _: sum(len(values) for values in _consumed(settings))


def _consumed(settings: LandingSettings) -> Iterator[list[bytes]]:
    """The whole topic, in pieces."""
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka, "group.id": "benchmark", "enable.auto.commit": False}
    )
    try:
        partitions = consumer.list_topics(TOPIC).topics[TOPIC].partitions
        ends = [consumer.get_watermark_offsets(TopicPartition(TOPIC, each)) for each in partitions]
        left = sum(high - low for low, high in ends)
        consumer.assign([TopicPartition(TOPIC, each, OFFSET_BEGINNING) for each in partitions])
        while left > 0:
            values = [each.value() or b"" for each in consumer.consume(CONSUMED_AT_ONCE, 1.0)]
            left -= len(values)
            yield values
    finally:
        consumer.close()


SIDES: dict[str, Callable[[LandingSettings], AbstractContextManager[Run]]] = {
    "ours": ours,
    "ours_in_a_bucket": ours_in_a_bucket,
    "reference_job": reference_job,
    "plain_consumer": plain_consumer,
    "raw_consume": raw_consume,
}


def main(side: str, address: str, home: str, cache: str, cores: str) -> None:
    """Run one side twice; tell of the second time."""
    settings = LandingSettings.read(
        home=home, cache_folder=cache, kafka=address, master=f"local[{cores}]"
    )
    with SIDES[side](settings) as run:
        run(settings.home / "warm")
        before, began = cpu_seconds(), time.monotonic()
        with watched_memory() as peak:
            messages = run(settings.home / "measured")
        wall, cpu = time.monotonic() - began, cpu_seconds() - before
    told = {"messages": messages, "wall": wall, "cpu": cpu, "mebibytes": peak.rss / MEBIBYTE}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    os.environ.pop("KAFKA_BOOTSTRAP_SERVERS", None)
    main(*sys.argv[1:])

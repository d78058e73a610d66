"""What was sent, what Kafka holds, what landed and what was loaded, side by side in DuckDB.

Nothing of the product counts here: messages are read by a plain consumer, manifests as JSON, the
lake by listing its folder, and the truth is what eventsim sends without any fault.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from confluent_kafka import Consumer, TopicPartition

from .site import ChaosError, Site

READ_SECONDS = 60.0
TEXT, NUMBER = pa.string(), pa.int64()

SENT = pa.schema({"topic": TEXT, "id": TEXT, "ts": NUMBER})
LEDGER = pa.schema({"topic": TEXT, "hour": TEXT, "fault": TEXT, "events": NUMBER})
REPORT = pa.schema({"topic": TEXT, "messages": NUMBER, "good": NUMBER})
KAFKA = pa.schema(
    {"topic": TEXT, "part": NUMBER, "pos": NUMBER, "digest": TEXT, "id": TEXT, "ts": NUMBER}
)
RANGES = pa.schema(
    {"topic": TEXT, "seq": NUMBER, "part": NUMBER, "first": NUMBER, "stop": NUMBER}
    | {"accepted": NUMBER, "rejected": NUMBER, "not_data": NUMBER}
)
MANIFESTS = pa.schema({"topic": TEXT, "seq": NUMBER, "accepted": NUMBER, "rejected": NUMBER})
FILES = pa.schema({"topic": TEXT, "seq": NUMBER, "path": TEXT, "hour": TEXT, "rows": NUMBER})
LISTED = pa.schema({"path": TEXT})

PARQUET = """
    read_parquet(getvariable('{files}'), union_by_name = true, filename = true,
        hive_partitioning = false)
"""
ACCEPTED = """
    select '{topic}' as topic, {path} as path, kafka_topic, kafka_partition as part,
        kafka_offset as pos, event_id, {id} as id, epoch_ms(occurred_at) as ts,
        strftime(make_timestamp(epoch_us(occurred_at)), '%Y-%m-%d-%H:00') as hour
    from {source}
"""
REJECTED = """
    select '{topic}' as topic, {path} as path, kafka_topic, kafka_partition as part,
        kafka_offset as pos, md5(coalesce(payload, ''::blob)) as digest,
        split_part(reasons[1], ':', 1) as reason
    from {source}
"""


def gather(site: Site, *, loaded: bool) -> duckdb.DuckDBPyConnection:
    """All tables of the evidence; `loaded`: those of the warehouse too."""
    evidence = duckdb.connect()
    tables = {
        "sent": (SENT, _sent(site)),
        "ledger": (LEDGER, _ledger(site)),
        "report": (REPORT, _report(site)),
        "kafka": (KAFKA, _kafka(site)),
        "listed": (LISTED, _listed(site.lake)),
        **_manifests(site),
    }
    for name, (schema, rows) in tables.items():
        columns = list(zip(*rows, strict=True)) or [()] * len(schema)
        table = pa.table([list(column) for column in columns], schema=schema)
        evidence.register("arriving", table)
        evidence.execute(f"create table {name} as from arriving")
    _landed(evidence, site)
    if loaded:
        warehouse = site.home / "warehouse" / "musicflow.duckdb"
        evidence.execute(f"attach '{warehouse}' as warehouse (read_only)")
        loads = [
            ACCEPTED.format(
                topic=each, path="''", id=_identity(each), source=f"warehouse.raw.{each}"
            )
            for each in site.scale.topics
        ]
        evidence.execute(f"create table raw as {' union all '.join(loads)}")
    return evidence


def identity(topic: str, message: Mapping[str, Any]) -> tuple[str, int]:
    """What tells one event from all others: an id and its time, epoch ms."""
    if topic == "music_events":
        return str(message["event_id"]), message["ts"]
    return f"{message['sessionId']}:{message['itemInSession']}", message["ts"]


def _identity(topic: str) -> str:
    """The same of a row."""
    return "event_id" if topic == "music_events" else "session_id || ':' || item_in_session"


def _sent(site: Site) -> Iterator[tuple]:
    """All good events, as the same listeners make them without faults."""
    folder = site.home / "truth"
    until = site.last_event_ms()
    options = [*site.simulation(), "--end-time", _moment(until + 1000), "--output", folder]
    if site.run("eventsim", *options) != 0:
        raise ChaosError("eventsim does not tell the truth")
    for topic in site.scale.topics:
        file = folder / f"{topic}.json"
        for line in file.read_bytes().splitlines() if file.exists() else ():
            event = identity(topic, json.loads(line))
            if event[1] <= until:
                yield topic, *event


def _moment(epoch_ms: int) -> str:
    (text,) = duckdb.execute(
        "select strftime(make_timestamp(? * 1000), '%xT%XZ')", [epoch_ms]
    ).fetchone()
    return text


def _ledger(site: Site) -> Iterator[tuple]:
    for line in site.ledger.read_bytes().splitlines():
        each = json.loads(line)
        if each["topic"] in site.scale.topics:
            yield each["topic"], each.get("hour"), each.get("fault"), each.get("events")


def _report(site: Site) -> Iterator[tuple]:
    sent = json.loads(site.report.read_bytes())["topics"]
    for topic in site.scale.topics:
        counts = sent[topic]
        good = counts["events"] + counts["resent"] + counts["conflicting"]
        yield topic, counts["messages"], good


def _kafka(site: Site) -> Iterator[tuple]:
    """Each message that Kafka holds."""
    options = {"bootstrap.servers": site.address, "group.id": "chaos", "enable.auto.commit": False}
    consumer = Consumer(options | {"auto.offset.reset": "earliest"})
    ends: dict[tuple[str, int], int] = {}
    for topic in site.scale.topics:
        for partition in consumer.list_topics(topic, timeout=READ_SECONDS).topics[topic].partitions:
            place = TopicPartition(topic, partition)
            ends[topic, partition] = consumer.get_watermark_offsets(place, timeout=READ_SECONDS)[1]
    wanted = {place: end for place, end in ends.items() if end}
    consumer.assign([TopicPartition(*place, 0) for place in wanted])
    deadline = time.monotonic() + READ_SECONDS
    while wanted:
        messages = consumer.consume(10_000, timeout=0.5)
        if messages:
            deadline = time.monotonic() + READ_SECONDS
        elif time.monotonic() > deadline:
            raise ChaosError(f"Kafka does not hand out {sorted(wanted)}")
        for message in messages:
            place = message.topic(), message.partition()
            value = message.value() or b""
            yield (
                *place,
                message.offset(),
                hashlib.md5(value).hexdigest(),
                *_event_of(place[0], value),
            )
            if message.offset() + 1 >= ends[place]:
                wanted.pop(place, None)
    consumer.close()


def _event_of(topic: str, payload: bytes) -> tuple[str | None, int | None]:
    try:
        event, ts = identity(topic, json.loads(payload))
    except (ValueError, KeyError, TypeError):
        return None, None
    return event, ts if isinstance(ts, int) else None


def _listed(lake: Path) -> Iterator[tuple]:
    for path in sorted(lake.rglob("*")):
        if path.is_file():
            yield (path.relative_to(lake).as_posix(),)


def _manifests(site: Site) -> dict[str, tuple[pa.Schema, Iterable[tuple]]]:
    """The tables that the manifests make."""
    manifests = [
        (topic, int(path.stem), json.loads(path.read_bytes()))
        for topic in site.scale.topics
        for path in sorted((site.lake / "_batches" / topic).glob("[0-9]*.json"))
    ]
    ranges, totals = [], []
    files: dict[str, list[tuple]] = {"files": [], "rejected_files": []}
    for topic, seq, manifest in manifests:
        totals.append((topic, seq, manifest["accepted"], manifest["rejected"]))
        for each in manifest["offsets"]:
            names = ("partition", "start", "end", "accepted", "rejected", "not_data")
            ranges.append((topic, seq, *(each[name] for name in names)))
        for kind, found in files.items():
            names = ("path", "hour", "rows")
            found += [(topic, seq, *(each[name] for name in names)) for each in manifest[kind]]
    return {
        "ranges": (RANGES, ranges),
        "manifests": (MANIFESTS, totals),
        **{kind: (FILES, found) for kind, found in files.items()},
    }


def _landed(evidence: duckdb.DuckDBPyConnection, site: Site) -> None:
    """The rows of the files that the manifests name."""
    lake = site.lake
    for table, named, query in (
        ("accepted", "files", ACCEPTED),
        ("rejected", "rejected_files", REJECTED),
    ):
        parts = []
        for topic in site.scale.topics:
            paths = evidence.execute(f"select path from {named} where topic = $1", [topic])
            there = [str(lake / path) for (path,) in paths.fetchall() if (lake / path).exists()]
            if there:
                evidence.execute(f"set variable {table}_{topic} = $1::varchar[]", [there])
                source = PARQUET.format(files=f"{table}_{topic}")
                path = f"filename[{len(str(lake)) + 2}:]"
                parts.append(
                    query.format(topic=topic, path=path, id=_identity(topic), source=source)
                )
        evidence.execute(f"create table {table} as {' union all '.join(parts)}")

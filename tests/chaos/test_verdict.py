"""The verdict sees each thing that must not be: one change to sound evidence, one finding more."""

import duckdb
import pytest

from .verdict import LANDING, LOADS, findings

TOPIC = "listen_events"
HOUR = "1970-01-01-00:00"
TABLES = f"""
    create table sent as select '{TOPIC}' as topic, id, ts::bigint as ts
        from (values ('1:0', 1000), ('1:1', 2000)) as rows(id, ts);
    create table ledger as select '{TOPIC}' as topic, hour, fault, events::bigint as events
        from (values ('{HOUR}', null, 2), (null, 'truncated_json', null)) as r(hour, fault, events);
    create table report as select '{TOPIC}' as topic, 4::bigint as messages, 3::bigint as good;
    create table kafka as select '{TOPIC}' as topic, 0 as part, pos, 'd' || pos as digest, id, ts
        from (values (0, '1:0', 1000), (1, '1:1', 2000), (2, '1:1', 2000), (3, null, null))
        as rows(pos, id, ts);
    create table listed as select unnest(['a', 'b', 'r', '_lake.json']) as path;
    create table ranges as select '{TOPIC}' as topic, seq, 0 as part, first, stop, accepted,
            rejected, 0 as not_data
        from (values (1, 0, 2, 2, 0), (2, 2, 4, 1, 1)) as r(seq, first, stop, accepted, rejected);
    create table manifests as select topic, seq, accepted, rejected from ranges;
    create table files as select '{TOPIC}' as topic, seq, path, '{HOUR}' as hour, rows
        from (values (1, 'a', 2), (2, 'b', 1)) as files(seq, path, rows);
    create table rejected_files as
        select '{TOPIC}' as topic, 2 as seq, 'r' as path, '{HOUR}' as hour, 1 as rows;
    create table accepted as select topic, if(pos < 2, 'a', 'b') as path, topic as kafka_topic,
            part, pos, 'e' || id as event_id, id, ts, '{HOUR}' as hour
        from kafka where id is not null;
    create table rejected as select topic, 'r' as path, topic as kafka_topic, part, pos, digest,
            'unreadable_json' as reason
        from kafka where id is null;
    create table raw as from accepted where pos < 2;
    attach ':memory:' as warehouse;
    create schema warehouse.reconciliation;
    create table warehouse.reconciliation.raw_hours as select '{TOPIC}' as event,
        timestamp '1970-01-01' as hour, 3 as accepted, 0 as replayed, 0 as from_files,
        2 as raw_rows, 1 as duplicates;
"""

CHANGES = {
    "Kafka does not hold what eventsim says was acknowledged": "update report set messages = 5",
    "the ledger counts other events than the listeners make": "update ledger set events = 3",
    "good events are not in the lake": "delete from accepted where pos = 0",
    "accepted rows are no good event": "update accepted set id = '9:9' where pos = 0",
    "more or fewer rows were accepted than good messages sent": (
        "insert into accepted from accepted where pos = 0"
    ),
    "an identity has several event ids, or several have one": (
        "update accepted set event_id = 'other' where pos = 2"
    ),
    "poison and rejects differ": "update rejected set reason = 'oversized'",
    "offsets are in no manifest, or in several": "update ranges set first = 1 where seq = 2",
    "ranges of manifests don't touch": "update ranges set first = 3 where seq = 2",
    "manifests end after Kafka does": "update ranges set stop = 5 where seq = 2",
    "messages are in no file, or in several": "insert into rejected from rejected",
    "rows hold another message than Kafka at their place": "update rejected set digest = 'other'",
    "a batch's offsets are not accepted + rejected + no data": "update ranges set not_data = 1",
    "a batch says another number than its files and Kafka hold": (
        "update ranges set accepted = 1, rejected = 1 where seq = 1"
    ),
    "a batch's sums differ from its parts": "update manifests set accepted = 0",
    "a file holds other rows or hours than its manifest says": (
        "update files set hour = '1970-01-01-01:00' where seq = 1"
    ),
    "files are named by two manifests": "insert into files from files where seq = 1",
    "files are named by a manifest, and not there": "delete from listed where path = 'a'",
    "files are there, and named by no manifest": "insert into listed values ('listen_events/x')",
    "notes of attempts are left": "insert into listed values ('_attempts/listen_events/w-1/n')",
    "an identity is twice in raw": "insert into raw from raw",
    "good events are not in raw": "delete from raw where pos = 0",
    "rows of raw are no good event": "update raw set id = '9:9' where pos = 0",
    "an hour's accepted rows are not its raw rows and duplicates": (
        "update warehouse.reconciliation.raw_hours set duplicates = 0"
    ),
}


@pytest.fixture
def evidence() -> duckdb.DuckDBPyConnection:
    """Four messages in two batches: two good events, one of them sent twice, and poison."""
    connection = duckdb.connect()
    connection.execute(TABLES)
    return connection


def test_sound_evidence_has_no_findings(evidence):
    assert list(findings(evidence, loaded=True)) == []


@pytest.mark.parametrize(("what", "change"), CHANGES.items(), ids=list(CHANGES))
def test_it_finds_that(evidence, what, change):
    evidence.execute(change)

    assert what in {each.what for each in findings(evidence, loaded=True)}


def test_every_finding_is_tried():
    assert CHANGES.keys() == LANDING.keys() | LOADS.keys()

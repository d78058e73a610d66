"""The verdict: what is missing, doubled or does not add up, and where."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

SHOWN = 5
"""Places that each finding names."""

REASONS = {
    "truncated_json": "unreadable_json",
    "invalid_utf8": "unreadable_json",
    "wrong_type": "wrong_type",
    "missing_field": "missing_field",
    "oversized": "oversized",
}
"""The reason for which each kind of poison must be rejected."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be."""

    what: str
    count: int
    places: tuple[str, ...]
    """The first of them: topic, and what else tells where."""


LANDING = {
    "Kafka does not hold what eventsim says was acknowledged": """
        select topic, report.messages, count(kafka.pos) as held
        from report left join kafka using (topic) group by all having held != messages
    """,
    "the ledger counts other events than the listeners make": """
        select topic, hour, sum(events) filter (source = 'ledger') as ledger,
            sum(events) filter (source = 'sent') as sent
        from (select 'ledger' as source, topic, hour, events from ledger where hour is not null
              union all
              select 'sent', topic, strftime(make_timestamp(ts * 1000), '%Y-%m-%d-%H:00'), 1
              from sent)
        group by all having ledger is distinct from sent
    """,
    "good events are not in the lake": """
        select distinct sent.topic, sent.id, sent.ts, kafka.part, kafka.pos
        from sent anti join accepted using (topic, id, ts)
            left join kafka using (topic, id, ts)
    """,
    "accepted rows are no good event": """
        select topic, part, pos from accepted anti join sent using (topic, id, ts)
    """,
    "more or fewer rows were accepted than good messages sent": """
        select topic, report.good, count(accepted.pos) as rows
        from report left join accepted using (topic) group by all having rows != good
    """,
    "an identity has several event ids, or several have one": """
        select topic, id, ts from accepted group by all having count(distinct event_id) > 1
        union all
        select topic, event_id, ts from accepted group by all having count(distinct id) > 1
    """,
    "poison and rejects differ": """
        select topic, reason, sum(poison) as sent, sum(rejected) as rejected
        from (select topic, reasons.reason, 1 as poison, 0 as rejected
              from ledger join reasons using (fault)
              union all select topic, reason, 0, 1 from rejected)
        group by all having sum(poison) != sum(rejected)
    """,
    "offsets are in no manifest, or in several": """
        select kafka.topic, kafka.part, kafka.pos, list(seq) as manifests
        from kafka left join ranges on kafka.topic = ranges.topic and kafka.part = ranges.part
            and kafka.pos >= ranges.first and kafka.pos < ranges.stop
        group by all having count(seq) != 1
    """,
    "ranges of manifests don't touch": """
        select topic, part, first, seq
        from (select *, lag(stop, 1, 0) over (partition by topic, part order by seq) as before
              from ranges)
        where first != before
    """,
    "manifests end after Kafka does": """
        select topic, part, ranges.stop, held.stop
        from (select topic, part, max(stop) as stop from ranges group by all) as ranges
            left join (select topic, part, max(pos) + 1 as stop from kafka group by all) as held
            using (topic, part)
        where ranges.stop > coalesce(held.stop, 0)
    """,
    "messages are in no file, or in several": """
        select topic, part, pos, count(path) as files
        from kafka left join (select topic, part, pos, path from accepted
            union all select topic, part, pos, path from rejected) using (topic, part, pos)
        group by all having count(path) != 1
    """,
    "rows hold another message than Kafka at their place": """
        select topic, part, pos from accepted left join kafka using (topic, part, pos)
        where kafka.id is distinct from accepted.id or kafka.ts is distinct from accepted.ts
            or accepted.kafka_topic != topic
        union all
        select topic, part, pos from rejected left join kafka using (topic, part, pos)
        where kafka.digest is distinct from rejected.digest or rejected.kafka_topic != topic
    """,
    "a batch's offsets are not accepted + rejected + no data": """
        select topic, part, first, seq from ranges
        where accepted + rejected + not_data != stop - first
    """,
    "a batch says another number than its files and Kafka hold": """
        with landed as (
            select topic, seq, part, count(*) filter (good) as accepted,
                count(*) filter (not good) as rejected
            from (select topic, part, path, true as good from accepted
                  union all select topic, part, path, false from rejected)
            join (from files union all from rejected_files) as named using (topic, path)
            group by all)
        select ranges.topic, ranges.part, ranges.first, ranges.seq
        from ranges left join landed using (topic, seq, part)
        where coalesce(landed.accepted, 0) != ranges.accepted
            or coalesce(landed.rejected, 0) != ranges.rejected
            or ranges.not_data != ranges.stop - ranges.first - (
                select count(*) from kafka where kafka.topic = ranges.topic
                and kafka.part = ranges.part and pos >= first and pos < stop)
    """,
    "a batch's sums differ from its parts": """
        select topic, seq from manifests left join (
            select topic, seq, sum(accepted) as accepted, sum(rejected) as rejected
            from ranges group by all) as parts using (topic, seq)
        where parts.accepted is distinct from manifests.accepted
            or parts.rejected is distinct from manifests.rejected
    """,
    "a file holds other rows or hours than its manifest says": """
        select topic, path, named.rows, named.hour, count(pos) as held
        from files as named left join accepted using (topic, path) group by all
        having held != named.rows or bool_or(accepted.hour != named.hour)
        union all
        select topic, path, named.rows, named.hour, count(pos) as held
        from rejected_files as named left join rejected using (topic, path) group by all
        having held != named.rows
    """,
    "files are named by two manifests": """
        select path, count(*) from (from files union all from rejected_files)
        group by all having count(*) > 1
    """,
    "files are named by a manifest, and not there": """
        select path from (from files union all from rejected_files) anti join listed using (path)
    """,
    "files are there, and named by no manifest": """
        select path from listed anti join (from files union all from rejected_files) using (path)
        where not starts_with(path, '_')
    """,
    "notes of attempts are left": """
        select path from listed
        where starts_with(path, '_attempts/') and not contains(path, '/.tmp-')
    """,
}

LOADS = {
    "an identity is twice in raw": """
        select topic, id, ts, list(part || '/' || pos) from raw
        group by topic, id, ts having count(*) > 1
    """,
    "good events are not in raw": """
        select topic, id, ts from sent anti join raw using (topic, id, ts)
    """,
    "rows of raw are no good event": """
        select topic, part, pos from raw anti join sent using (topic, id, ts)
    """,
    "an hour's accepted rows are not its raw rows and duplicates": """
        with landed as (select topic, hour, count(*) as rows from accepted group by all),
            loaded as (select topic, hour, count(*) as rows from raw group by all)
        select topic, hour, landed.rows, loaded.rows, account.duplicates
        from landed full join loaded using (topic, hour)
            full join (select event as topic, strftime(hour, '%Y-%m-%d-%H:00') as hour,
                accepted + replayed + from_files as arrived, raw_rows, duplicates
                from warehouse.reconciliation.raw_hours) as account using (topic, hour)
        where coalesce(landed.rows, 0) != coalesce(arrived, 0)
            or coalesce(loaded.rows, 0) != coalesce(raw_rows, 0)
            or coalesce(arrived, 0) != coalesce(raw_rows, 0) + coalesce(duplicates, 0)
    """,
}


def findings(evidence: duckdb.DuckDBPyConnection, *, loaded: bool) -> Iterator[Finding]:
    """All that must not be."""
    evidence.execute("create table reasons (fault varchar, reason varchar)")
    evidence.executemany("insert into reasons values ($1, $2)", list(REASONS.items()))
    for what, query in (LANDING | (LOADS if loaded else {})).items():
        found = evidence.execute(query).fetchall()
        if found:
            places = tuple(" ".join(map(str, row)) for row in sorted(found, key=str)[:SHOWN])
            yield Finding(what, len(found), places)


def counts(evidence: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How much was looked at."""
    queries = {
        "events_sent": "select count(*) from sent",
        "kafka_messages": "select count(*) from kafka",
        "accepted_rows": "select count(*) from accepted",
        "rejects": "select count(*) from rejected",
        "manifests": "select count(*) from manifests",
        "files": "select count(*) from (from files union all from rejected_files)",
        # Records that a kill left half-written, in folders of records; no reader sees them.
        "half_records": "select count(*) from listed where contains(path, '/.tmp-')",
    }
    return {name: evidence.execute(query).fetchone()[0] for name, query in queries.items()}

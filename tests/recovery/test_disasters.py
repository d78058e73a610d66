"""Each disaster of docs/disaster_recovery.md: a part is deleted, and recovered by that page.

The later rehearsals take messages away from Kafka; none needs what an earlier one did.
"""

import json
import shutil

import psycopg
import pytest

from contracts.lake import HOUR
from local.postgres import make_database
from tests.recovery.conftest import END, MIDDLE, START, Landed
from tests.recovery.documented import PAGE, recover, sections
from tests.recovery.world import (
    World,
    ends,
    forget_messages,
    lose_topics,
    raw_tables,
    readers_tables,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]


def messages(world: World) -> int:
    """Messages that have landed, as rows or as rejects."""
    totals = reconciled(world)["events"].values()
    return sum(each["accepted"] + each["rejected"] for each in totals)


def reconciled(world: World) -> dict:
    """What `musicflow reconcile` says now."""
    return json.loads(world.run("musicflow_dagster", "reconcile", "--json").stdout)


def test_without_dagsters_storage_nothing_is_built_again(landed: Landed, world: World):
    shutil.rmtree(world.home / "dagster")
    before = (world.home / "snapshot" / "current.json").read_bytes()

    recover("Dagster's storage is lost", world.environment)

    assert (world.home / "snapshot" / "current.json").read_bytes() == before
    assert reconciled(world)["reconciled"] is True


def test_a_lost_warehouse_is_built_again_from_the_lake(landed: Landed, world: World):
    shutil.rmtree(world.home / "warehouse")
    shutil.rmtree(world.home / "snapshot")

    said = recover("The warehouse is lost", world.environment)

    assert "reconciled: yes" in said
    assert readers_tables(world) == landed.readers
    assert raw_tables(world) == landed.raw


def test_without_checkpoints_and_postgres_landing_goes_on_and_serves_again(
    landed: Landed, world: World
):
    served = landed.metrics()
    with psycopg.connect(landed.postgres.replace("/recovery?", "/musicflow?")) as connection:
        connection.autocommit = True
        connection.execute("drop database recovery with (force)")
    make_database(landed.postgres.replace("/recovery?", "/musicflow?"), "recovery")
    shutil.rmtree(world.home / "checkpoints")
    world.variables["POSTGRES_URL"] = landed.postgres
    manifests = sorted((world.home / "lake" / "_batches").rglob("*.json"))

    recover("Postgres is lost", world.environment)
    recover("The checkpoints are lost", world.environment)

    assert sorted((world.home / "lake" / "_batches").rglob("*.json")) == manifests
    assert landed.metrics() == served
    assert served["daily_metrics"]


def test_a_lost_lake_is_landed_again_and_takes_nothing_from_the_warehouse(
    landed: Landed, world: World
):
    shutil.rmtree(world.home / "lake")
    forget_messages(world.kafka, landed.middle)

    said = recover("The lake is lost", world.environment)
    assert "hours stay as they are" in said
    assert reconciled(world)["reconciled"] is False

    world.variables["FIRST_HOUR"] = f"{MIDDLE:%Y-%m-%dT%H}"
    said = recover("The lake is lost", world.environment, block=1)
    assert "reconciled: yes" in said
    assert readers_tables(world) == landed.readers
    assert raw_tables(world) == landed.raw


def test_a_lost_kafka_costs_what_had_not_landed(landed: Landed, world: World):
    before = messages(world)
    world.listeners(END, END + HOUR, seed=3)
    lose_topics(world.kafka)
    world.do("streaming.broker", "--topics-only")
    # Too old to be accepted, so that no hour has to be built to show that they landed.
    world.listeners(START - 2 * HOUR, START, seed=4)
    sent = ends(world.kafka)

    refused = world.run("streaming", "--once")
    assert refused.returncode == 1
    assert "begins anew at offset 0" in refused.stderr

    said = recover("Kafka is lost", world.environment)
    assert "gaps that were accepted" in said
    assert messages(world) == before + sum(sent.values())
    assert sum(sent.values()) > 0


def test_the_page_rehearses_each_part():
    told = [name for name, blocks in sections(PAGE.read_text()).items() if blocks]
    assert told == [
        "The checkpoints are lost",
        "The lake is lost",
        "The warehouse is lost",
        "Kafka is lost",
        "Dagster's storage is lost",
        "Postgres is lost",
    ]

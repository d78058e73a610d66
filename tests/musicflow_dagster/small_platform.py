"""A small lake and warehouse of which a user is forgotten, without dbt, for many tests."""

from contracts.events import EVENTS
from contracts.lake import HOUR
from contracts.suppression import SuppressionList, read_suppressions
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.knowledge import gather, manifest_index, rules
from musicflow_dagster.planner import plan
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.choice import publications_of
from musicflow_dagster.warehouse.duckdb.accounts import account_for
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from streaming.erase.user import Erased, erase_user
from streaming.lake_record import claim
from streaming.settings import LandingSettings
from tests.builders import FIRST_HOUR, LakeBuilder, Row, hour_of_listens, listen
from tests.musicflow_dagster.facts import TABLES, stand_in
from tests.musicflow_dagster.forgetting import THEIR_OWN, USER

TOPIC = "listen_events"
HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 3 * HOUR)


def listen_of_user(hour: int, number: int) -> Row:
    """A listen of the one who is to be forgotten."""
    return listen(hour, number, user_id=USER, **THEIR_OWN)


class Platform:
    """A lake and a warehouse, with views in the place of dbt's facts."""

    def __init__(self, settings: Settings, lake: LakeBuilder) -> None:
        self.settings, self.lake = settings, lake
        lake.store.delete("_lake.json")
        claim(lake.store)

    def build(self, hours: HourRange = HOURS):
        """Load and publish; the report of the listens."""
        index = manifest_index(self.settings)
        index.refresh()
        suppressed = read_suppressions(index.store, self.settings.suppression)
        with open_warehouse(self.settings.warehouse) as connection:
            prepare(connection)
            stand_in(connection)
            warehouse = DuckDBWarehouse(connection)
            reports = {
                event.name: load_hours(warehouse, index, event, hours, suppressed)
                for event in EVENTS
            }
            account_for(connection, hours)
            Publisher(connection, self.settings.snapshot).publish(TABLES, hours)
        return reports[TOPIC]

    def build_models(self, hours: HourRange) -> None:
        """Account for what raw holds, and publish."""
        with open_warehouse(self.settings.warehouse) as connection:
            account_for(connection, hours)
            Publisher(connection, self.settings.snapshot).publish(TABLES, hours)

    def suppress(self) -> None:
        """Put the user on the list, and erase nothing."""
        SuppressionList(self.lake.store, self.settings.suppression).add(USER, "a test")

    def erase(self) -> Erased:
        """Do what landing does to forget the user."""
        return self.erase_user(USER)

    def erase_user(self, user: int) -> Erased:
        """The same for any user."""
        landing = LandingSettings.read(home=self.settings.home, lake_folder=self.settings.lake)
        return erase_user(landing, EVENTS, user, "a test")

    def users(self) -> set[int]:
        with open_warehouse(self.settings.warehouse) as connection:
            rows = connection.sql("select distinct user_id from raw.listen_events").fetchall()
            return {user for (user,) in rows}

    def planned(self) -> list[str]:
        index = manifest_index(self.settings)
        index.refresh()
        known = gather(index, publications_of(self.settings))
        return [str(each) for each in plan(known, rules(self.settings)).builds]

    def fill(self) -> None:
        """Three hours; in two of them the user is one of two, and the only one of a batch."""
        theirs = [listen_of_user(hour, 100 + i) for hour in range(2) for i in range(3)]
        self.lake.land(TOPIC, [*hour_of_listens(0, 4), *hour_of_listens(1, 2), *theirs])
        self.lake.land(TOPIC, [listen_of_user(1, 200), theirs[0]])
        self.lake.land(TOPIC, hour_of_listens(2, 5))
        self.lake.catch_up(HOURS.end + HOUR)
        self.build()

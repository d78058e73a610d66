"""The how-tos that add an event, a model and a page are carried out, and all of it works."""

from pathlib import Path

import duckdb
import pytest

from tests.docs.worked import Block, blocks, carry_out, run

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
LISTEN = (
    '{"ts": 1767672000000, "sessionId": 7, "itemInSession": 0, "level": "free", "userId": 7, '
    '"auth": "Logged In", "city": "Boise", "state": "ID", "zip": "83701", "lat": 43.6, '
    '"lon": -116.2, "userAgent": "Mozilla/5.0 Firefox/31.0", "artist": "Nina Simone", '
    '"song": "Sinnerman", "duration": 622.0}'
)
BEFORE = """
python -m streaming batch --input listen_events.ndjson
musicflow build --from 2026-01-06T04 --to 2026-01-06T05
"""
PAGE_SHOWS = """
python -c "
from dashboard.app import tables_of
from dashboard.data.browsers import browsers
from dashboard.data.common import choices
from dashboard.navigation import PAGES
from dashboard.settings import Settings
tables = tables_of(Settings.read()).newest()
assert 'browsers' in [page.path for page in PAGES]
print(browsers(tables, choices(tables).default()).rows())"
"""

pytestmark = pytest.mark.integration


@pytest.mark.timeout(1200)
def test_an_event_a_model_and_a_page_go_from_their_pages_into_a_platform_that_runs(
    tree, environment
):
    (tree / "listen_events.ndjson").write_text(LISTEN)
    run(BEFORE, tree, environment)
    event, heading, its_run = (HOWTO / "sixth_event.md").read_text().partition("## 6. See it run")
    assert heading

    for text in (event, page("new_model"), page("new_page")):
        for block in blocks(text):
            carry_out(block, tree, environment)
    said = [carry_out(block, tree, environment) for block in blocks(its_run)]
    for module in ("to_dbt", "to_dictionary", "compatibility"):
        run(f"python -m contracts.{module} --check", tree, environment)

    [reconciled] = [each for each in said if "fct_ads" in each]
    assert "fct_ads: 3 rows" in reconciled
    assert "fct_streams: 1 rows" in reconciled
    assert "Spring" in said[-1]
    assert run(PAGE_SHOWS, tree, environment).endswith(", 1)]\n")
    check_published(tree / ".musicflow" / "snapshot" / "musicflow.duckdb")


def page(name: str) -> str:
    return (HOWTO / f"{name}.md").read_text()


def check_published(snapshot: Path) -> None:
    """The event is in its fact, its listeners in the dimension, the account adds up."""
    with duckdb.connect(str(snapshot), read_only=True) as published:
        ads = published.sql("""
            select event_type, campaign, price_cents, users.user_key is not null
            from marts.fct_ads
            left join marts.dim_users as users using (user_key)
            order by seen_at
        """).fetchall()
        account = published.sql("""
            select from_files, raw_rows, duplicates from reconciliation.raw_hours
            where event = 'ad_events' and from_files > 0
        """).fetchall()

    assert ads == [
        ("shown", "Spring", 3, True),
        ("clicked", "Spring", 40, True),
        ("shown", "Trains", 2, True),
    ]
    assert account == [(4, 3, 1)]


def test_the_page_of_an_event_changes_few_places():
    found = list(blocks(page("sixth_event")))

    assert Block("sh", "", "make contracts\n") in found
    assert {block.file for block in found if block.language == "diff"} == {
        "contracts/events.py",
        "dbt_project/models/intermediate/int_app_events_unioned.sql",
        "musicflow_dagster/warehouse/facts.py",
    }

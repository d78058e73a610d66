"""The data dictionary is what contract and dbt say, and nothing is missing in it."""

from pathlib import Path

import pytest

from contracts import accounts, records, serving
from contracts.dbt_yaml import Column, read_models
from contracts.described import decode, encode, unit_of
from contracts.events import EVENTS, lake_fields
from contracts.to_dictionary import (
    DESCRIBED,
    DICTIONARY,
    described_tables,
    dictionary,
    main,
)

MODEL = """
models:
  - name: fct_sails
    description: >
      Sails that were set.
      One row per sail.
    config:
      meta:
        reach: {before_hours: 1, after_hours: 0}
    columns:
      - name: ship_key
        description: "{{ doc('ship_key') }} Never null."
        data_type: string
        constraints:
          - type: not_null
        data_tests:
          - unique
          - relationships:
              arguments: {to: ref('dim_ships'), field: ship_key}
      - name: area
        description: How large it is, square metres.
        data_type: "{{ 'float64' if target.type == 'bigquery' else 'double' }}"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "models/marts").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "models/marts/fct_sails.yml").write_text(MODEL)
    (tmp_path / "docs/columns.md").write_text("{% docs ship_key %}Key of the ship.{% enddocs %}\n")
    return tmp_path


def test_a_model_is_read_with_its_doc_blocks_types_and_references(project: Path):
    [model] = read_models(project)

    assert (model.name, model.layer) == ("fct_sails", "marts")
    assert model.description == "Sails that were set. One row per sail."
    assert model.columns == (
        Column(
            "ship_key",
            "Key of the ship. Never null.",
            "string",
            nullable=False,
            references="dim_ships.ship_key",
        ),
        Column("area", "How large it is, square metres.", "double", nullable=True, references=""),
    )


def test_a_doc_block_that_does_not_exist_is_an_error(project: Path):
    (project / "docs/columns.md").write_text("")

    with pytest.raises(KeyError, match="ship_key"):
        read_models(project)


@pytest.fixture(scope="module")
def page() -> str:
    return dictionary()


def test_each_event_and_model_stands_on_the_page_with_every_column(page: str):
    sections = {part.partition("\n")[0]: part for part in page.split("\n### ")}
    described = {model.name: [column.name for column in model.columns] for model in read_models()}
    described |= {event.name: [each.name for each in event.fields] for event in EVENTS}
    kept_by_us = (*accounts.TABLES, *records.TABLES, *serving.TABLES)
    described |= {table.name: [each.name for each in table.columns] for table in kept_by_us}

    missing = [
        f"{name}.{column}"
        for name, columns in described.items()
        for column in columns
        if f"| `{column}` |" not in sections[name]
    ]
    assert missing == []


def test_personal_fields_are_marked(page: str):
    assert "Listener's surname. Personal: never leaves staging." in page


def test_the_page_and_the_data_for_the_dashboard_are_fresh(page: str):
    """`make contracts` writes them."""
    assert DICTIONARY.read_text() == page
    assert decode(DESCRIBED.read_bytes()) == described_tables()


def test_what_is_stale_is_told_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page, data = tmp_path / "data_dictionary.md", tmp_path / "dictionary.json"
    monkeypatch.setattr("contracts.to_dictionary.DICTIONARY", page)
    monkeypatch.setattr("contracts.to_dictionary.DESCRIBED", data)
    monkeypatch.setattr("contracts.to_dictionary.dictionary", lambda: "as it should be")

    with pytest.raises(SystemExit, match=r"data_dictionary.md is stale; run `make contracts`"):
        main(["--check"])
    assert not page.exists()

    main([])
    main(["--check"])
    data.write_text("[]")
    with pytest.raises(SystemExit, match=r"dictionary.json is stale; run `make contracts`"):
        main(["--check"])


def test_each_table_is_there_as_data_with_all_its_columns():
    tables = {table.name: [each.name for each in table.columns] for table in described_tables()}

    for event in EVENTS:
        assert tables[f"raw.{event.name}"] == [each.name for each in lake_fields(event)]
    assert "listening_seconds" in tables["reporting.rpt_demographics"]
    assert "is_final" in tables["postgres.minute_metrics"]
    assert "raw_rows" in tables["reconciliation.fact_hours"]
    assert len(tables) == len(described_tables())


def test_data_say_what_is_personal_what_a_row_is_and_what_a_column_points_to():
    tables = {table.name: table for table in described_tables()}
    columns = {each.name: each for each in tables["marts.fct_streams"].columns}

    assert {each.name for each in tables["raw.listen_events"].columns if each.personal} >= {
        "user_id",
        "zip",
    }
    assert not any(
        each.personal
        for table in tables.values()
        for each in table.columns
        if table.layer in {"marts", "reporting", "reconciliation"}
    )
    assert tables["reporting.rpt_sessions"].grain == "One row per UTC day on which a visit began."
    assert columns["song_key"].references == "dim_songs.song_key"


def test_data_come_back_as_they_were_written():
    tables = described_tables()

    assert decode(encode(tables)) == tables


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [
        ("listening_seconds", "double", "seconds"),
        ("churn_rate", "double", "share, 0 to 1"),
        ("share_of_topic", "double", "share, 0 to 1"),
        ("active_on", "date", "UTC day"),
        ("landed_at", "timestamp", "UTC time"),
        ("streams", "int64", ""),
    ],
)
def test_a_column_s_unit_is_told_by_its_name_and_type(name: str, kind: str, unit: str):
    assert unit_of(name, kind) == unit

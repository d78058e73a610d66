"""The data dictionary is what contract and dbt say, and nothing is missing in it."""

from pathlib import Path

import pytest

from contracts.dbt_yaml import Column, read_models
from contracts.events import EVENTS
from contracts.to_dictionary import DICTIONARY, dictionary, main

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

    missing = [
        f"{name}.{column}"
        for name, columns in described.items()
        for column in columns
        if f"| `{column}` |" not in sections[name]
    ]
    assert missing == []


def test_personal_fields_are_marked(page: str):
    assert "Listener's surname. Personal: never leaves staging." in page


def test_the_page_is_fresh(page: str):
    """`make contracts` writes it."""
    assert DICTIONARY.read_text() == page


def test_a_stale_page_is_told_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "data_dictionary.md"
    monkeypatch.setattr("contracts.to_dictionary.DICTIONARY", page)
    monkeypatch.setattr("contracts.to_dictionary.dictionary", lambda: "as it should be")

    with pytest.raises(SystemExit, match=r"data_dictionary.md is stale; run `make contracts`"):
        main(["--check"])
    assert not page.exists()

    main([])
    main(["--check"])

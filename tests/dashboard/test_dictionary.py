"""The dictionary: found by words, and every link to a definition has its place there."""

import re
from pathlib import Path

import pytest

import dashboard
from contracts.described import DescribedColumn, DescribedTable
from contracts.errors import ConfigurationError
from dashboard.data import dictionary
from dashboard.data.dictionary import columns_of, find, has, pointed_to, tables

LINK = re.compile(
    r"""["'](?:\{\w+\}|(?:raw|staging|marts|reporting|reconciliation|lake|postgres)\.\w+)"""
    r"""(?:\.(?:\w+|\{\w+\}))?["']"""
)
SHIPS = DescribedTable(
    "marts.fct_sails",
    "marts",
    "Sails that were set. One row per sail.",
    (
        DescribedColumn("ship_key", "string", "Key of the ship.", references="dim_ships.ship_key"),
        DescribedColumn("sail_area", "double", "How large it is.", "square metres", nullable=True),
    ),
)
DIM = DescribedTable(
    "marts.dim_ships", "marts", "Ships. One row per ship.", (DescribedColumn("ship_key", "", ""),)
)


def test_every_layer_has_tables_and_a_name():
    assert {table.layer for table in tables().values()} == dictionary.LAYERS.keys()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("sail_area", ("marts.fct_sails", "sail_area"), id="a column's name"),
        pytest.param("Sail AREA", ("marts.fct_sails", "sail_area"), id="its words"),
        pytest.param("large", ("marts.fct_sails", "sail_area"), id="a word of its meaning"),
        pytest.param("fct_sails", ("marts.fct_sails", ""), id="a table"),
        pytest.param("dim_ships", ("marts.dim_ships", ""), id="a table and no column"),
    ],
)
def test_what_is_named_as_the_words_say_comes_first(text, first):
    assert find([SHIPS, DIM], text).row(0)[:2] == first


@pytest.mark.parametrize("text", ["whale", "sail whale", ".*", "%"])
def test_what_nobody_says_is_not_found(text):
    assert find([SHIPS, DIM], text).is_empty()


def test_columns_are_told_without_what_no_column_has():
    assert columns_of(SHIPS).columns == [
        "column", "type", "unit", "may_be_null", "meaning", "key_of",
    ]  # fmt: skip
    assert columns_of(DIM).columns == ["column", "meaning"]


def test_keys_point_to_the_table_that_is_described():
    assert pointed_to({each.name: each for each in (SHIPS, DIM)}, SHIPS) == [
        "marts.dim_ships.ship_key"
    ]
    assert pointed_to({SHIPS.name: SHIPS}, SHIPS) == []


@pytest.mark.parametrize(
    ("of", "is_there"),
    [
        ("reporting.rpt_sessions", True),
        ("reporting.rpt_sessions.sessions", True),
        ("reporting.rpt_sessions.ships", False),
        ("reporting.rpt_ships", False),
    ],
)
def test_a_link_has_its_place_or_not(of, is_there):
    assert has(tables(), of) is is_there


def test_a_damaged_dictionary_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(dictionary, "FILE", tmp_path / "dictionary.json")
    tables.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match="install MusicFlow again"):
            tables()
    finally:
        tables.cache_clear()


def links() -> list[str]:
    """What pages name in links to definitions, as far as it is written out."""
    pages = Path(dashboard.__file__).parent.glob("pages/*.py")
    found = {match[0][1:-1] for page in pages for match in LINK.finditer(page.read_text())}
    return sorted(each for each in found if "{" not in each)


@pytest.mark.parametrize("of", links())
def test_each_link_of_a_page_has_its_place_in_the_dictionary(of):
    assert has(tables(), of)


def test_no_column_that_readers_see_is_personal():
    assert not [
        f"{table.name}.{each.name}"
        for table in tables().values()
        for each in table.columns
        if each.personal and table.layer in {"marts", "reporting", "reconciliation", "lake"}
    ]

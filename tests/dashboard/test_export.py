"""Published tables as plain files, for tools that know nothing of snapshots."""

import csv
import json
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from contracts.errors import ConfigurationError, LakeError
from contracts.publication import POINTER, VIEWS, current
from local.__main__ import main
from local.export import SCHEMAS, export
from tests.dashboard.browser import snapshots
from tests.dashboard.browser.hostile import HOSTILE_NAMES

pytestmark = pytest.mark.integration


def ask(database: Path, query: str) -> list[tuple]:
    with duckdb.connect(database, read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def snapshot(listened: Path) -> Path:
    return listened / "snapshot"


def test_each_table_becomes_a_parquet_file_with_its_rows(snapshot, tmp_path):
    files = export(snapshot, tmp_path, "parquet", SCHEMAS)

    names = current(snapshot).tables
    assert {file.stem for file in files} == set(names)
    for name in names:
        [(rows,)] = ask(snapshot / VIEWS, f"select count(*) from {name}")
        assert (
            pl.scan_parquet(tmp_path / f"{name}.parquet").select(pl.len()).collect().item() == rows
        )


def test_a_database_holds_all_tables_by_their_names(snapshot, tmp_path):
    [file] = export(snapshot, tmp_path, "duckdb", SCHEMAS)

    for query in (
        "from marts.wide_streams order by all",
        "from reporting.rpt_top_songs order by all",
    ):
        assert ask(file, query) == ask(snapshot / VIEWS, query)


def test_a_csv_is_no_formula_to_a_spreadsheet(snapshot, tmp_path):
    export(snapshot, tmp_path, "csv", ("marts",))

    assert not list(tmp_path.glob("reporting.*"))
    with (tmp_path / "marts.dim_songs.csv").open(newline="") as file:
        titles = {row["song_title"] for row in csv.DictReader(file)}
    assert {"'=1+1", HOSTILE_NAMES["script"], HOSTILE_NAMES["quotes"]} <= titles
    assert not [title for title in titles if title.startswith(("=", "+", "-", "@"))]


def test_an_export_is_made_again_over_the_last_one(snapshot, tmp_path):
    first = export(snapshot, tmp_path, "duckdb", ("reporting",))

    assert export(snapshot, tmp_path, "duckdb", ("reporting",)) == first
    assert [file.name for file in tmp_path.iterdir()] == [first[0].name]


def test_what_was_never_published_or_is_damaged_is_one_line(listened_copy, tmp_path):
    with pytest.raises(ConfigurationError, match="make demo"):
        export(tmp_path / "none", tmp_path / "out", "csv", SCHEMAS)
    snapshots.truncate(listened_copy / "snapshot")
    with pytest.raises(LakeError, match="export failed"):
        export(listened_copy / "snapshot", tmp_path / "out", "csv", SCHEMAS)


def test_a_statement_of_the_snapshot_reaches_nothing_else(listened_copy, tmp_path):
    pointer = listened_copy / "snapshot" / POINTER
    record = json.loads(pointer.read_text())
    record["tables"]["marts.wide_streams"]["view"] = f"copy (select 1) to '{tmp_path}/stolen.csv'"
    pointer.write_text(json.dumps(record))

    with pytest.raises(LakeError, match="export failed"):
        export(listened_copy / "snapshot", tmp_path / "out", "csv", SCHEMAS)
    assert not (tmp_path / "stolen.csv").exists()


def test_the_command_says_what_it_wrote(snapshot, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICFLOW_SNAPSHOT", str(snapshot))

    told = CliRunner().invoke(
        main, ["export", str(tmp_path), "--form", "csv", "--schema", "reconciliation"]
    )

    assert told.exit_code == 0, told.output
    assert told.output.splitlines() == sorted(map(str, tmp_path.glob("*.csv")))

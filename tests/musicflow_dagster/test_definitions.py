import subprocess
import sys
from datetime import timedelta

import dagster as dg
import pytest

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from musicflow_dagster.assets.catalogue import SONGS
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.settings import REPOSITORY, Settings


@pytest.fixture
def definitions(settings) -> dg.Definitions:
    return build_definitions(settings)


def specs(definitions):
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_they_are_valid(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_the_lineage_leads_from_each_topic_to_the_dashboard(definitions):
    graph = definitions.resolve_asset_graph()
    ancestors = graph.get_ancestor_asset_keys(dg.AssetKey(["dashboard", "dashboard"]))

    assert dg.AssetKey(["published", "snapshot"]) in ancestors
    assert {dg.AssetKey(["kafka", event.name]) for event in EVENTS} <= ancestors
    assert dg.AssetKey(["marts", "fct_streams"]) in ancestors


def test_every_asset_says_what_it_is_where_it_belongs_who_owns_it_and_where_to_read_on(definitions):
    bare = [
        name
        for name, spec in specs(definitions).items()
        if not (spec.description and spec.group_name != "default" and spec.kinds)
        or not (spec.owners and (REPOSITORY / "docs" / docs_page(spec)).is_file())
    ]

    assert bare == []


def docs_page(spec):
    return spec.metadata["docs"].value.rpartition("/")[2]


def test_every_table_tells_its_columns_with_descriptions(definitions):
    tables = [
        spec
        for spec in specs(definitions).values()
        if spec.key.path[0] in {"lake", "raw", "staging", "marts", "reporting", "catalogue"}
        and spec.key.path != ["staging", "pseudonym_key"]
    ]
    bare = [
        f"{spec.key.to_user_string()}.{column.name}"
        for spec in tables
        for column in spec.metadata["dagster/column_schema"].columns
        if not column.description
    ]

    assert len(tables) > 25
    assert bare == []


def test_what_we_build_leads_to_its_code(definitions):
    graph = definitions.resolve_asset_graph()
    blind = [
        key.to_user_string()
        for key in graph.materializable_asset_keys
        if "dagster/code_references" not in graph.get(key).metadata
    ]

    assert blind == []


def test_code_and_docs_lead_to_the_web_where_their_address_is_known(settings):
    address = "https://github.com/somebody/musicflow"
    told = specs(build_definitions(settings.model_copy(update={"code_url": address})))
    raw, model = told["raw/listen_events"], told["marts/fct_streams"]
    references = [
        reference.url
        for spec in (raw, model)
        for reference in spec.metadata["dagster/code_references"].code_references
    ]

    assert raw.metadata["docs"].value == f"{address}/blob/main/docs/hours.md"
    assert {url.partition("#")[0].removeprefix(f"{address}/tree/main/") for url in references} == {
        "musicflow_dagster/assets/raw.py",
        "musicflow_dagster/assets/models.py",
        "dbt_project/models/marts/fct_streams.sql",
    }


def test_what_is_built_every_hour_must_be_fresh(definitions):
    policies = {name: spec.freshness_policy for name, spec in specs(definitions).items()}
    windows = {
        name: policy.fail_window.to_timedelta()
        for name, policy in policies.items()
        if policy is not None
    }

    assert {windows[f"raw/{event.name}"] for event in EVENTS} == {timedelta(hours=4)}
    assert windows["marts/fct_streams"] == windows["published/snapshot"] == timedelta(hours=4)
    assert {windows[f"lake/{event.name}"] for event in EVENTS} == {timedelta(hours=24)}
    assert "rejected/listen_events" not in windows


def test_the_tests_of_the_models_are_checks_of_their_assets(definitions):
    checks = definitions.resolve_asset_graph().asset_check_keys
    of_streams = {key.name for key in checks if key.asset_key.path == ["marts", "fct_streams"]}

    assert "unique_fct_streams_stream_key" in of_streams
    assert any(name.startswith("keeps_every_row_fct_streams") for name in of_streams)
    assert any(name.startswith("relationships_fct_streams_user_key") for name in of_streams)


def test_all_that_is_built_has_the_same_hours_and_ranges_take_one_run(definitions, settings):
    built = definitions.resolve_asset_graph().materializable_asset_keys - {SONGS}
    graph = definitions.resolve_asset_graph()

    assert built
    for key in built:
        node = graph.get(key)
        assert isinstance(node.partitions_def, dg.HourlyPartitionsDefinition)
        assert node.partitions_def.start == settings.start
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_the_job_builds_everything_that_has_hours(definitions):
    job = definitions.resolve_job_def("hourly")
    keys = definitions.resolve_asset_graph().materializable_asset_keys

    assert job.asset_layer.selected_asset_keys == keys - {SONGS}


def test_a_model_is_published_only_where_its_project_says_so(definitions):
    deps = {dep.asset_key for dep in specs(definitions)["published/snapshot"].deps}

    assert dg.AssetKey(["marts", "dim_users"]) in deps
    assert not [key for key in deps if key.path[0] in ("raw", "staging")]


def test_a_missing_dbt_project_is_one_clear_error(settings, tmp_path):
    elsewhere = settings.model_copy(update={"dbt_project": tmp_path})

    with pytest.raises(ConfigurationError, match="no dbt project"):
        build_definitions(elsewhere)


def test_importing_them_touches_no_lake_and_no_warehouse(tmp_path):
    program = "import musicflow_dagster.definitions"
    environment = {"MUSICFLOW_HOME": str(tmp_path / "home"), "PATH": ""}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, cwd=tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_settings_alone_touch_nothing(tmp_path):
    Settings(home=tmp_path / "home")

    assert list(tmp_path.iterdir()) == []

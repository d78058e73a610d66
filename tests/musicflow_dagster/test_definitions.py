import subprocess
import sys

import dagster as dg
import pytest

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.settings import Settings


@pytest.fixture
def definitions(settings) -> dg.Definitions:
    return build_definitions(settings)


def specs(definitions):
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_they_are_valid(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_the_lineage_leads_from_each_topic_to_the_snapshot(definitions):
    graph = definitions.resolve_asset_graph()
    ancestors = graph.get_ancestor_asset_keys(dg.AssetKey(["published", "snapshot"]))

    assert {dg.AssetKey(["kafka", event.name]) for event in EVENTS} <= ancestors
    assert dg.AssetKey(["marts", "fct_streams"]) in ancestors


def test_every_asset_of_ours_says_what_it_is_where_it_belongs_and_who_owns_it(definitions):
    ours = [spec for spec in specs(definitions).values() if spec.key.path[0] != "secrets"]
    bare = [
        spec.key.to_user_string()
        for spec in ours
        if not (spec.description and spec.group_name and spec.kinds)
        and spec.key.path != ["staging", "pseudonym_key"]
    ]

    assert bare == []


def test_all_that_is_built_has_the_same_hours_and_ranges_take_one_run(definitions, settings):
    built = list(definitions.resolve_asset_graph().materializable_asset_keys)
    graph = definitions.resolve_asset_graph()

    assert built
    for key in built:
        node = graph.get(key)
        assert isinstance(node.partitions_def, dg.HourlyPartitionsDefinition)
        assert node.partitions_def.start == settings.start
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_the_job_builds_everything_that_is_ours_to_build(definitions):
    job = definitions.resolve_job_def("hourly")
    keys = definitions.resolve_asset_graph().materializable_asset_keys

    assert job.asset_layer.selected_asset_keys == keys


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

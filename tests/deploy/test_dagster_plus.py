"""dagster_cloud.yaml, read by the parser of Dagster+'s own command."""

from pathlib import Path

import yaml
from dagster_cloud_cli.config.models import load_dagster_cloud_yaml

ROOT = Path(__file__).parents[2]


def test_dagster_plus_loads_what_the_workspace_names_from_the_image():
    [location] = load_dagster_cloud_yaml((ROOT / "dagster_cloud.yaml").read_text()).locations
    [local] = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]

    assert location.location_name == local["python_module"]["location_name"]
    assert location.code_source.module_name == local["python_module"]["module_name"]
    assert location.build.registry.endswith("/OWNER/REPOSITORY/dagster")


def test_pods_of_dagster_plus_are_as_narrow_as_the_containers():
    text = (ROOT / "dagster_cloud.yaml").read_text()
    k8s = load_dagster_cloud_yaml(text).locations[0].container_context["k8s"]

    for kind in ("server_k8s_config", "run_k8s_config"):
        container = k8s[kind]["container_config"]
        assert container["security_context"]["read_only_root_filesystem"]
        assert container["security_context"]["run_as_non_root"]
        places = {each["mount_path"] for each in container["volume_mounts"]}
        assert places == {"/var/lib/musicflow", "/tmp"}


def test_runs_in_dagster_plus_are_as_few_and_as_watched_as_elsewhere():
    folder = ROOT / "deploy/dagster"
    settings = yaml.safe_load((folder / "deployment_settings.yaml").read_text())
    instance = yaml.safe_load((folder / "dagster.yaml").read_text())
    for name in ("run_monitoring", "run_retries"):
        assert instance[name].pop("enabled")

    assert settings == {name: instance[name] for name in settings}
    assert settings.keys() == {"concurrency", "run_monitoring", "run_retries"}

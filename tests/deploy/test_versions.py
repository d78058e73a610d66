"""A release has one version: what is built and started by default has the one of the code."""

import re

import pytest

from local.changelog import version_of
from tests.deploy.dockerfile import IMAGES, ROOT

PLACES = {
    "deploy/compose.yaml": (r"\$\{MUSICFLOW_VERSION:-([^}]*)\}", 5),
    "deploy/.env.example": (r"^#MUSICFLOW_VERSION=(.*)$", 1),
} | {f"deploy/docker/{station}.Dockerfile": (r"^ARG VERSION=(.*)$", 1) for station in IMAGES}
"""Files, with how a version stands in them, and how often."""


@pytest.mark.parametrize(("path", "form", "times"), [(p, *how) for p, how in PLACES.items()])
def test_whatever_names_a_version_names_the_codes(path, form, times):
    version = version_of((ROOT / "pyproject.toml").read_text())

    assert re.findall(form, (ROOT / path).read_text(), re.MULTILINE) == [version] * times

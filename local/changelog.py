"""What the changelog says of one version: the text of its release."""

import re
import sys
import tomllib
from pathlib import Path

import click

from contracts.errors import ConfigurationError, MusicFlowError

ROOT = Path(__file__).parents[1]
_HEADING = re.compile(r"^## \[(?P<version>[^]]+)\](?: - \d{4}-\d\d-\d\d)?\n", re.MULTILINE)


def section(changelog: str, version: str) -> str:
    r"""What stands below the heading of `version`, without the heading.

    Raises:
        ConfigurationError: There is no such heading, or nothing below it.

    >>> section("# Changelog\n\n## [0.2.0] - 2026-12-01\nFaster.\n\n## [0.1.0]\n", "0.2.0")
    'Faster.'
    """
    headings = list(_HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    for heading, end in zip(headings, ends, strict=True):
        if heading["version"] == version:
            if text := changelog[heading.end() : end].strip():
                return text
            raise ConfigurationError(f"CHANGELOG.md says nothing of {version}: write it")
    raise ConfigurationError(f"CHANGELOG.md has no heading `## [{version}] - <day>`: add it")


def version_of(pyproject: str) -> str:
    """The version that the code says it is."""
    return str(tomllib.loads(pyproject)["project"]["version"])


@click.command()
@click.argument("version")
def main(version: str) -> None:
    """Print what CHANGELOG.md says of VERSION, which must be the one in pyproject.toml."""
    ours = version_of((ROOT / "pyproject.toml").read_text())
    if version != ours:
        raise ConfigurationError(
            f"this is {ours}, not {version}: correct pyproject.toml or the tag"
        )
    click.echo(section((ROOT / "CHANGELOG.md").read_text(), version))


if __name__ == "__main__":
    try:
        main(prog_name="python -m local.changelog")
    except MusicFlowError as error:
        sys.exit(f"musicflow: {error}")

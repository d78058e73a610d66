"""The tables of docs/terraform.md: variables and outputs, as deploy/terraform declares them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.errors import ConfigurationError

PAGE = Path(__file__).parents[1] / "docs" / "terraform.md"
BEGIN, END = "<!-- tables: python -m local infra --tables -->", "<!-- end of tables -->"
Files = Mapping[str, Any]
"""What Terraform's files say, by their path (`local.infra.parsed`)."""


def write(files: Files) -> Path:
    """Put the tables into their page."""
    PAGE.write_text(fresh(PAGE.read_text(), files))
    return PAGE


def fresh(page: str, files: Files) -> str:
    """The page with the tables as they should be.

    Raises:
        ConfigurationError: The page has no place for them.
    """
    if BEGIN not in page or END not in page:
        raise ConfigurationError(f"{PAGE.name} needs the lines {BEGIN} and {END}")
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables(files)}\n{END}{rest.partition(END)[2]}"


def tables(files: Files) -> str:
    """Variables and outputs of the whole, then what each module takes and gives."""
    parts = [
        _table("variable | default | what it is", _variables(files, "")),
        _table("output | what it is", _outputs(files, "")),
    ]
    for module in sorted({Path(file).parts[1] for file in files if "modules/" in file}):
        folder = f"modules/{module}/"
        parts += [
            f"### {module}\n",
            _table("takes | default | what it is", _variables(files, folder)),
            _table("gives | what it is", _outputs(files, folder)),
        ]
    return "\n".join(parts)


def declared(files: Files, folder: str, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and body of each block of a kind (`variable`, `output`, …) right in a folder."""
    for path, file in files.items():
        if path.rpartition("/")[0] == folder.rstrip("/"):
            for block in file.get(kind, []):
                yield from block.items()


def text(value: object) -> str:
    """What the parser gives of a value, as a person would write it."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {text(each)}" for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if value == "":
        return '""'
    return re.sub(r"^\$\{(.*)\}$", r"\1", str(value)).replace('\\"', '"')


def _variables(files: Files, folder: str) -> list[str]:
    return [
        f"`{name}` | {_default(body)} | {text(body['description'])}"
        for name, body in declared(files, folder, "variable")
    ]


def _default(body: Mapping[str, Any]) -> str:
    return f"`{text(body['default'])}`" if "default" in body else "must be given"


def _outputs(files: Files, folder: str) -> list[str]:
    return [
        f"`{name}` | {text(body['description'])}"
        for name, body in declared(files, folder, "output")
    ]


def _table(head: str, rows: list[str]) -> str:
    line = "|".join("---" for _ in head.split("|"))
    return "\n".join([f"| {head} |", f"|{line}|", *(f"| {row} |" for row in rows)]) + "\n"

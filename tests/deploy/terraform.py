"""What deploy/terraform says, read by a parser or worked out by Terraform itself."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local import infra
from local.infra_tables import Files, declared, text

DOWNLOADS = Path(__file__).parents[2] / ".musicflow" / "cache"
NONE = "-"
"""Stands for a variable that does not matter."""


def modules(files: Files) -> set[str]:
    """The modules' folders, with a slash at the end; the whole is the empty one."""
    return {"", *(f"{Path(file).parent}/" for file in files if file.startswith("modules/"))}


def resources(files: Files, kind: str = "") -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Folder, `type.name` and body of each resource whose type begins with `kind`."""
    for folder in modules(files):
        for each, named in declared(files, folder, "resource"):
            if each.startswith(kind):
                yield from ((folder, f"{each}.{name}", body) for name, body in named.items())


def worked_out(expression: str, module: str, *sources: str, **variables: object) -> Any:
    """What an expression comes to in a module, of which only `sources` are taken: no resources.

    Terraform works it out without any provider; variables that are not given are strings.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in ("variables.tf", *sources):
            shutil.copy(infra.FOLDER / "modules" / module / name, folder)
        given = _variables(Path(folder)) | variables
        return infra.evaluated(expression, Path(folder), given, DOWNLOADS)


def _variables(folder: Path) -> dict[str, object]:
    parsed = infra.parsed(DOWNLOADS, folder)
    of_type: dict[str, object] = {"string": NONE, "number": 1, "bool": False}
    return {
        name: of_type.get(text(body["type"]), [] if "list" in text(body["type"]) else {})
        for name, body in declared(parsed, "", "variable")
        if "default" not in body
    }

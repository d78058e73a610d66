"""What the dbt project says of its own models: read from its YAML, without dbt or a warehouse."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1] / "dbt_project"
LAYERS = ("staging", "intermediate", "marts", "reporting")
_DOC_BLOCK = re.compile(r"{%-? *docs +(\w+) *-?%}(.*?){%-? *enddocs *-?%}", re.DOTALL)
_DOC_CALL = re.compile(r"""{{ *doc\(['"](\w+)['"]\) *}}""")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a model, as its YAML describes it."""

    name: str
    description: str
    type: str
    """Its type under the model's contract; empty where the layer has none."""
    nullable: bool
    references: str
    """The dimension, and its column, that it is a key of; empty for other columns."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: a table or view that dbt makes."""

    name: str
    layer: str
    description: str
    columns: tuple[Column, ...]
    meta: Mapping[str, Any]
    """`reach` and `publish`, as `docs/warehouse.md` tells."""


def read_models(project: Path = PROJECT) -> list[Model]:
    """All models, layer by layer and by name.

    Raises:
        KeyError: A description cites a doc block that does not exist.
    """
    blocks = dict(_doc_blocks(project))
    return [
        _model(each, layer, blocks)
        for layer in LAYERS
        for file in sorted((project / "models" / layer).glob("*.yml"))
        for each in yaml.load(file.read_text(), Loader=yaml.CSafeLoader).get("models", ())
    ]


def _doc_blocks(project: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(project.glob("docs/*.md")):
        for name, text in _DOC_BLOCK.findall(file.read_text()):
            yield name, text.strip()


def _model(declared: Mapping[str, Any], layer: str, blocks: Mapping[str, str]) -> Model:
    return Model(
        declared["name"],
        layer,
        _text(declared["description"], blocks),
        tuple(_column(each, blocks) for each in declared.get("columns", ())),
        declared.get("config", {}).get("meta", {}),
    )


def _column(declared: Mapping[str, Any], blocks: Mapping[str, str]) -> Column:
    constraints = {each["type"] for each in declared.get("constraints", ())}
    return Column(
        declared["name"],
        _text(declared["description"], blocks),
        _type(declared.get("data_type", "")),
        "not_null" not in constraints and "not_null" not in declared.get("data_tests", ()),
        _reference(declared.get("data_tests", ())),
    )


def _text(description: str, blocks: Mapping[str, str]) -> str:
    """The description in one line, with the doc blocks that it cites."""
    cited = _DOC_CALL.sub(lambda call: blocks[call[1]], description)
    return " ".join(cited.split())


def _type(declared: str) -> str:
    """The type's name on DuckDB; only the float's differs between the engines."""
    return "double" if "float64" in declared else declared


def _reference(data_tests: list[Any]) -> str:
    for test in data_tests:
        if isinstance(test, dict) and "relationships" in test:
            arguments = test["relationships"]["arguments"]
            model = arguments["to"].removeprefix("ref('").removesuffix("')")
            return f"{model}.{arguments['field']}"
    return ""

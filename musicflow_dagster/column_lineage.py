"""Which columns a model's columns are made of, read from the SQL that dbt compiled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlglot import MappingSchema, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from contracts.errors import MusicFlowError

Tables = dict[str, dict[str, dict[str, dict[str, str]]]]
"""The type of each column, by database, schema and table."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What stands in a warehouse: its columns, and the dialect of queries to them.

    `layers` tells what layer a schema is of, where schemas are not called so themselves.
    """

    dialect: str
    tables: Tables
    layers: Mapping[str, str] = field(default_factory=dict)

    def layer(self, schema: str) -> str:
        """The layer of a schema."""
        return self.layers.get(schema, schema)


class UnreadableSqlError(MusicFlowError):
    """A query whose columns cannot be traced; nothing depends on it but the lineage shown."""


@dataclass(frozen=True, slots=True, order=True)
class SourceColumn:
    """A column that another is made of."""

    schema: str
    table: str
    column: str


def sources_of_columns(
    query: str, tables: Tables, dialect: str = "duckdb"
) -> dict[str, list[SourceColumn]]:
    """The columns of the query, each with the columns of `tables` that it is made of.

    Raises:
        UnreadableSqlError: The query cannot be parsed, or names what `tables` don't have.

    >>> tables = {"db": {"raw": {"listens": {"song": "text", "artist": "text"}}}}
    >>> query = "with x as (select * from raw.listens) select upper(song) as title from x"
    >>> sources_of_columns(query, tables)
    {'title': [SourceColumn(schema='raw', table='listens', column='song')]}
    """
    try:
        known = MappingSchema({**tables}, dialect=dialect)
        whole = qualify(parse_one(query, dialect=dialect), dialect=dialect, schema=known)
        scope = build_scope(whole)
        columns = cast("exp.Query", whole).named_selects
        traced = {
            each: lineage(each, whole, known, dialect=dialect, scope=scope, trim_selects=False)
            for each in columns
        }
    except SqlglotError as error:
        raise UnreadableSqlError(f"no lineage of a query: {type(error).__name__}") from error
    return {column: sorted(set(_leaves(node))) for column, node in traced.items()}


def _leaves(node: Node) -> Iterator[SourceColumn]:
    for each in node.walk():
        table = each.expression
        if not each.downstream and isinstance(table, exp.Table):
            column = each.name.rpartition(".")[2].strip('"')
            yield SourceColumn(table.db, table.name, column)

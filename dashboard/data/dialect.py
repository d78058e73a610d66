"""The pages' queries, which are DuckDB's, as BigQuery wants them.

Only what reads published tables passes: whatever else a query may be, it is refused.
"""

from functools import lru_cache

import sqlglot
from sqlglot import exp

PUBLISHED_SCHEMAS = frozenset({"marts", "reporting", "reconciliation"})


class NotAPagesQueryError(Exception):
    """A query that does anything but read published tables: a slip of ours."""


@lru_cache(maxsize=512)
def to_bigquery(query: str, project: str, prefix: str) -> str:
    """The `query` on the datasets `<prefix>marts` and so on of `project`.

    Raises:
        NotAPagesQueryError: It does more than to read published tables.

    >>> to_bigquery("select count(*) filter (where n > $least) as n from marts.t", "p", "x_")
    'SELECT COUNTIF(n > @least) AS n FROM `p`.`x_marts`.`t` AS t'
    """
    tree = sqlglot.parse_one(query, read="duckdb")
    if not isinstance(tree, exp.Query):
        raise NotAPagesQueryError(f"not a query: {query}")
    own = {each.alias_or_name for each in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        _place(table, own, project, prefix)
    return tree.transform(_respelled).sql(dialect="bigquery")


def _place(table: exp.Table, own: set[str], project: str, prefix: str) -> None:
    """Have a table named by project and dataset; it keeps the name that it had in the query."""
    if not table.db and table.name in own:
        return
    if table.db not in PUBLISHED_SCHEMAS or table.catalog:
        raise NotAPagesQueryError(f"not a published table: {table.sql()}")
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
    table.set("catalog", exp.to_identifier(project, quoted=True))
    table.set("db", exp.to_identifier(f"{prefix}{table.db}", quoted=True))
    table.set("this", exp.to_identifier(table.name, quoted=True))


def _respelled(node: exp.Expression) -> exp.Expression:
    """What BigQuery lacks or takes for an error, in other words."""
    if isinstance(node, exp.Filter):
        return _aggregate_of_some(node.this, node.expression.this)
    if isinstance(node, exp.Div):
        return exp.SafeDivide(this=node.this, expression=node.expression)
    return node


def _aggregate_of_some(aggregate: exp.Expression, condition: exp.Expression) -> exp.Expression:
    """An aggregate over the rows that meet a condition."""
    counted = aggregate.this
    if isinstance(aggregate, exp.Count) and isinstance(counted, exp.Star):
        return exp.CountIf(this=condition)
    if isinstance(counted, exp.Distinct):
        only = [_where(condition, each) for each in counted.expressions]
        aggregate.set("this", exp.Distinct(expressions=only))
    else:
        aggregate.set("this", _where(condition, counted))
    return aggregate


def _where(condition: exp.Expression, value: exp.Expression) -> exp.Expression:
    return exp.If(this=condition.copy(), true=value, false=exp.Null())

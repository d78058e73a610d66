"""DuckDB's queries in BigQuery's words."""

import pytest

from dashboard.data.dialect import NotAPagesQueryError, to_bigquery


@pytest.mark.parametrize(
    ("query", "translated"),
    [
        pytest.param(
            "select count(distinct a) filter (where b) as n from marts.t",
            "SELECT COUNT(DISTINCT IF(b, a, NULL)) AS n FROM `p`.`x_marts`.`t` AS t",
            id="different ones of some rows",
        ),
        pytest.param(
            "select sum(a) filter (where b = $b) as n from marts.t as u",
            "SELECT SUM(IF(b = @b, a, NULL)) AS n FROM `p`.`x_marts`.`t` AS u",
            id="a sum of some rows, and a parameter",
        ),
        pytest.param(
            "select a / b as share from reporting.t",
            "SELECT SAFE_DIVIDE(a, b) AS share FROM `p`.`x_reporting`.`t` AS t",
            id="a division, maybe by zero",
        ),
        pytest.param(
            "with t as (select a from marts.t) select a from t",
            "WITH t AS (SELECT a FROM `p`.`x_marts`.`t` AS t) SELECT a FROM t",
            id="a part that is called as a table",
        ),
    ],
)
def test_a_query_is_respelled(query: str, translated: str):
    assert to_bigquery(query, "p", "x_") == translated


@pytest.mark.parametrize(
    "query",
    [
        "drop table marts.t",
        "insert into marts.t select 1",
        "select * from raw.listen_events",
        "select * from other.marts.t",
        "select * from t",
        "select * from marts.t where a in (select user_id from staging.t)",
    ],
)
def test_what_does_more_than_read_published_tables_is_refused(query: str):
    with pytest.raises(NotAPagesQueryError):
        to_bigquery(query, "p", "x_")

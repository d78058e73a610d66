{#
    In place of dbt-duckdb's macro of this name: what `dbt_project.yml` says of partitions is
    BigQuery's; DuckDB's tables have none.
#}
{% macro duckdb__get_partitioned_by(relation, temporary) %}
    {{ return(none) }}
{% endmacro %}

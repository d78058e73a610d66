{#
    dbt's materialization for BigQuery knows its own strategies only. These two take the place of
    its macros of the same names, so that the project's strategies serve there as they are.
#}
{% macro dbt_bigquery_validate_get_incremental_strategy(config) %}
    {{ return(config.require('incremental_strategy')) }}
{% endmacro %}


{#
    The statement of a strategy. The rows stand in `tmp_relation`: BigQuery makes it first wherever
    `on_schema_change` is not to be ignored, as the project says.
#}
{% macro bq_generate_incremental_build_sql(
    strategy, tmp_relation, target_relation, sql, unique_key, partition_by, partitions,
    dest_columns, tmp_relation_exists, copy_partitions, incremental_predicates
) %}
    {% set statement = adapter.get_incremental_strategy_macro(context, strategy) %}
    {{ statement({
        'target_relation': target_relation,
        'temp_relation': tmp_relation,
        'unique_key': unique_key,
        'dest_columns': dest_columns,
    }) }}
{% endmacro %}

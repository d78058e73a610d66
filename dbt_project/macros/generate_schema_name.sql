{#
    Schemas are named as the layers are, with no prefix of the target; BigQuery's datasets have the
    prefix that lets several platforms share a project.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ dataset_prefix() }}{{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}


{% macro dataset_prefix() -%}
    {{ return(adapter.dispatch('dataset_prefix')()) }}
{%- endmacro %}

{% macro default__dataset_prefix() -%}
{%- endmacro %}

{% macro bigquery__dataset_prefix() -%}
    {{ env_var('MUSICFLOW_DATASET_PREFIX', '') }}
{%- endmacro %}

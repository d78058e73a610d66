{#
    Incremental strategy for things that last, as visits do: a window touches those that have
    something in it now, and those of the table that overlapped it. Their rows are replaced, or
    removed if nothing is left of them, in one transaction.
    The model's `unique_key` names the thing, its `meta.lasts` the columns of its first and last
    moment; the model itself selects what `is_touched` says.
#}
{% macro get_incremental_replace_touched_sql(arguments) %}
    {% set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
    {% set target = arguments['target_relation'] %}
    {% set key = arguments['unique_key'] %}
    delete from {{ target }}
    where
        {{ overlaps_window() }}
        or {{ key }} in (select made.{{ key }} from {{ arguments['temp_relation'] }} as made);

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }};
{% endmacro %}


{# True for the rows of the model's own table that overlap the window of this run. #}
{% macro overlaps_window() -%}
    {%- set bounds = window(model.config.meta.get('reach', {})) -%}
    {%- set lasts = model.config.meta.lasts -%}
    {%- if bounds is none -%}
        true
    {%- else -%}
        (
            {{ lasts.from }} < {{ utc(bounds.end) }}
            and {{ lasts.to }} >= {{ utc(bounds.start) }}
        )
    {%- endif -%}
{%- endmacro %}


{#
    True for the rows of things that the window touches. `state` is the relation with the rows of
    each thing by hour, and `happened_at` its time column.
#}
{% macro is_touched(key, state, happened_at) -%}
    {%- if window({}) is none -%}
        true
    {%- else -%}
        {{ key }} in (
            select touched.{{ key }} from {{ state }} as touched
            where {{ in_window('touched.' ~ happened_at) }}
            {%- if is_incremental() %}
                union distinct
                select standing.{{ key }} from {{ this }} as standing
                where {{ overlaps_window() }}
            {%- endif %}
        )
    {%- endif -%}
{%- endmacro %}

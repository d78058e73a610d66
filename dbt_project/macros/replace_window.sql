{#
    Incremental strategy: the rows of the window are replaced by what the model now says, at once:
    in one transaction, or in one statement. Rows outside it stay, and an hour that became empty is
    emptied.
    The model's `event_time` names the column that tells which window a row belongs to.
#}
{% macro get_incremental_replace_window_sql(arguments) %}
    {{ return(adapter.dispatch('replace_window')(
        arguments['target_relation'],
        arguments['temp_relation'],
        arguments['dest_columns'] | map(attribute='name'),
    )) }}
{% endmacro %}


{% macro default__replace_window(target, made, columns) %}
    {% set columns = get_quoted_csv(columns) %}
    delete from {{ target }}
    where {{ is_in_rewritten_window(config.require('event_time')) }};

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ made }};
{% endmacro %}


{% macro bigquery__replace_window(target, made, columns) %}
    {% set columns = get_quoted_csv(columns) %}
    merge into {{ target }} as standing
    using {{ made }} as made
    on false
    when not matched by source
        and {{ is_in_rewritten_window('standing.' ~ config.require('event_time')) }}
        then delete
    when not matched by target
        then insert ({{ columns }}) values ({{ columns }})
{% endmacro %}


{# True for the rows that a run rewrites of the model being built. #}
{% macro is_in_rewritten_window(column) -%}
    {{ between_bounds(column, window(model.config.meta.get('reach', {}))) }}
{%- endmacro %}

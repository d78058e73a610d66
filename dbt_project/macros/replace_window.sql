{#
    Incremental strategy: the rows of the window are replaced by what the model now says, in one
    transaction. Rows outside it stay, and an hour that became empty is emptied.
    The model's `event_time` names the column that tells which window a row belongs to.
#}
{% macro get_incremental_replace_window_sql(arguments) %}
    {% set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
    {% set bounds = window(model.config.meta.get('reach', {})) %}
    delete from {{ arguments['target_relation'] }}
    where {{ between_bounds(config.require('event_time'), bounds) }};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }};
{% endmacro %}

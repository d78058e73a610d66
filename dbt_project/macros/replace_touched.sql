{#
    Incremental strategy for things that many hours tell of, such as visits, listeners and songs:
    a window touches those that have something in it now, and those whose rows stem from it. These
    rows are replaced, or removed if nothing is left of them, at once: in one transaction, or in one
    statement.
    The model's `unique_key` names the thing. Its `meta` says which rows stem from a window: `lasts`,
    the columns of a first and a last moment, for rows that depend on all between them; or `moments`,
    the columns of all the moments at which the events lie that a row was made of.
    The model itself selects what `is_touched` says.
#}
{% macro get_incremental_replace_touched_sql(arguments) %}
    {{ return(adapter.dispatch('replace_touched')(
        arguments['target_relation'],
        arguments['temp_relation'],
        arguments['unique_key'],
        arguments['dest_columns'] | map(attribute='name'),
    )) }}
{% endmacro %}


{% macro default__replace_touched(target, made, key, columns) %}
    {% set columns = get_quoted_csv(columns) %}
    delete from {{ target }}
    where
        {{ stems_from_window() }}
        or {{ key }} in (select made.{{ key }} from {{ made }} as made);

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ made }};
{% endmacro %}


{#
    One statement: each thing that was made stands in its source once more, to find the rows that
    go; its own rows match none, and are inserted.
#}
{% macro bigquery__replace_touched(target, made, key, columns) %}
    {% set columns = get_quoted_csv(columns) %}
    merge into {{ target }} as standing
    using (
        select
            {{ columns }},
            true as is_new
        from {{ made }}
        union all
        select
            {{ columns }},
            false as is_new
        from {{ made }}
        where true
        qualify row_number() over (partition by {{ key }} order by {{ key }}) = 1
    ) as made
    on standing.{{ key }} = made.{{ key }} and not made.is_new
    when matched
        then delete
    when not matched by source and {{ stems_from_window('standing.') }}
        then delete
    when not matched by target and made.is_new
        then insert ({{ columns }}) values ({{ columns }})
{% endmacro %}


{#
    True for the rows of the model's own table that an event of the window may have made what they
    are: those that last into it, or of which one of the moments they tell lies in it. `table` is
    what the columns are to be named with, as in `standing.`.
#}
{% macro stems_from_window(table='') -%}
    {%- set bounds = window(model.config.meta.get('reach', {})) -%}
    {%- set lasts = model.config.meta.get('lasts') -%}
    {%- if bounds is none -%}
        true
    {%- elif lasts -%}
        (
            {{ table }}{{ lasts.from }} < {{ utc(bounds.end) }}
            and {{ table }}{{ lasts.to }} >= {{ utc(bounds.start) }}
        )
    {%- else -%}
        (
            {%- for moment in model.config.meta.moments %}
                {{ between_bounds(table ~ moment, bounds) }}
                {{- ' or' if not loop.last }}
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}


{#
    True for the rows of things that the window touches; of all, where the table is yet to be made.
    `states` are the relations with what each hour tells of a thing, each with the column of its
    hour: [(relation, column), ...].
#}
{% macro is_touched(key, states) -%}
    {%- if window({}) is none or not is_incremental() -%}
        true
    {%- else -%}
        {{ key }} in (
            {%- for state, happened_at in states %}
                select touched.{{ key }} from {{ state }} as touched
                where {{ in_window('touched.' ~ happened_at) }}
                union distinct
            {%- endfor %}
            select standing.{{ key }} from {{ this }} as standing
            where {{ stems_from_window() }}
        )
    {%- endif -%}
{%- endmacro %}

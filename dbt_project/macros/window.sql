{#
    The window of hours that a run builds, widened by the reach of one model.

    The caller gives it as MUSICFLOW_WINDOW_START and MUSICFLOW_WINDOW_END, hours in UTC, the end
    exclusive. Both unset, or a full refresh: none, which means all that raw holds.
    `reach`: how far an event can change the model's rows, as its `meta` declares:
    `before_hours`, `after_hours`, and `rounded_to: day` or `week` (ISO, from Monday) where a row
    depends on all of its day or week.
    The environment is read while executing only, so that it never enters the partial parse.
#}
{% macro window(reach) %}
    {% if not execute or should_full_refresh() %}
        {{ return(none) }}
    {% endif %}
    {% set start = window_bound('MUSICFLOW_WINDOW_START') %}
    {% set end = window_bound('MUSICFLOW_WINDOW_END') %}
    {% if start is none and end is none %}
        {{ return(none) }}
    {% endif %}
    {% if start is none or end is none or start >= end %}
        {{ exceptions.raise_compiler_error(
            'MUSICFLOW_WINDOW_START and MUSICFLOW_WINDOW_END: set both, the start first, or neither'
        ) }}
    {% endif %}
    {% set hours = modules.datetime.timedelta(hours=1) %}
    {% set start = start - (reach.get('before_hours', 0) * hours) %}
    {% set end = end + (reach.get('after_hours', 0) * hours) %}
    {% set days = {'day': 1, 'week': 7}.get(reach.get('rounded_to')) %}
    {% if days %}
        {% set start = rounded_down(start, days) %}
        {% set end = rounded_down(end + (24 * days - 1) * hours, days) %}
    {% endif %}
    {{ return({'start': start, 'end': end}) }}
{% endmacro %}


{# The start of the day, or of the ISO week, that an hour lies in. #}
{% macro rounded_down(hour, days) %}
    {% set into = hour.weekday() if days == 7 else 0 %}
    {{ return(hour.replace(hour=0) - modules.datetime.timedelta(days=into)) }}
{% endmacro %}


{% macro window_bound(variable) %}
    {% set text = env_var(variable, '') %}
    {% if text == '' %}
        {{ return(none) }}
    {% endif %}
    {% if not modules.re.fullmatch('\\d{4}-\\d\\d-\\d\\d \\d\\d:00:00', text) %}
        {{ exceptions.raise_compiler_error(
            variable ~ ' must be a full hour, UTC, as 2026-01-01 05:00:00'
        ) }}
    {% endif %}
    {{ return(modules.datetime.datetime.strptime(text, '%Y-%m-%d %H:%M:%S')) }}
{% endmacro %}


{# True for the rows that lie in a window; `bounds` as from window(), none for all rows. #}
{% macro between_bounds(column, bounds) -%}
    {%- if bounds is none -%}
        true
    {%- else -%}
        {{ return(adapter.dispatch('between_bounds')(column, bounds)) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__between_bounds(column, bounds) -%}
    (
        cast({{ column }} as {{ dbt.type_timestamp() }}) >= {{ utc(bounds.start) }}
        and cast({{ column }} as {{ dbt.type_timestamp() }}) < {{ utc(bounds.end) }}
    )
{%- endmacro %}

{#
    The bare column, so that BigQuery reads the partitions of the window only. A text takes the
    column's type: days, whose windows are whole days, are named as such.
#}
{% macro bigquery__between_bounds(column, bounds) -%}
    ({{ column }} >= '{{ moment_text(bounds.start) }}' and {{ column }} < '{{ moment_text(bounds.end) }}')
{%- endmacro %}

{% macro moment_text(moment) -%}
    {{ moment.strftime('%Y-%m-%d' if moment.hour == 0 else '%Y-%m-%d %H:%M:%S') }}
{%- endmacro %}


{#
    True for the rows that the model being built reads in this run: those of the hours that it
    rewrites, and of as many hours before and after them as its rows depend on.
#}
{% macro in_window(column, before_hours=0, after_hours=0) -%}
    {%- set bounds = window(model.config.meta.get('reach', {})) -%}
    {%- if bounds is not none -%}
        {%- set hours = modules.datetime.timedelta(hours=1) -%}
        {%- set bounds = {
            'start': bounds.start - before_hours * hours,
            'end': bounds.end + after_hours * hours,
        } -%}
    {%- endif -%}
    {{ between_bounds(column, bounds) }}
{%- endmacro %}


{% macro utc(moment) -%}
    cast('{{ moment.strftime('%Y-%m-%d %H:%M:%S') }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}


{#
    True for every event. BigQuery refuses to read a raw table without bounds of its partitions,
    and a build of all hours has none of its own.
#}
{% macro in_any_partition(occurred_at) -%}
    {{ return(adapter.dispatch('in_any_partition')(occurred_at)) }}
{%- endmacro %}

{% macro default__in_any_partition(occurred_at) -%}
    true
{%- endmacro %}

{% macro bigquery__in_any_partition(occurred_at) -%}
    {{ occurred_at }} >= {{ beginning_of_time() }}
{%- endmacro %}

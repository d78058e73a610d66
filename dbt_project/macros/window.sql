{#
    The window of hours that a run builds, widened by the reach of one model.

    The caller gives it as MUSICFLOW_WINDOW_START and MUSICFLOW_WINDOW_END, hours in UTC, the end
    exclusive. Both unset, or a full refresh: none, which means all that raw holds.
    `reach`: how far an event can change the model's rows, as its `meta` declares:
    `before_hours`, `after_hours`, and `rounded_to: day` where a row depends on its whole day.
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
    {% if reach.get('rounded_to') == 'day' %}
        {% set start = start.replace(hour=0) %}
        {% set end = (end + 23 * hours).replace(hour=0) %}
    {% endif %}
    {{ return({'start': start, 'end': end}) }}
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
        (
            cast({{ column }} as {{ dbt.type_timestamp() }}) >= {{ utc(bounds.start) }}
            and cast({{ column }} as {{ dbt.type_timestamp() }}) < {{ utc(bounds.end) }}
        )
    {%- endif -%}
{%- endmacro %}


{# True for the rows that the model being built reads, and rewrites, in this run. #}
{% macro in_window(column) -%}
    {{ between_bounds(column, window(model.config.meta.get('reach', {}))) }}
{%- endmacro %}


{% macro utc(moment) -%}
    cast('{{ moment.strftime('%Y-%m-%d %H:%M:%S') }}' as {{ dbt.type_timestamp() }})
{%- endmacro %}

{# What the engines spell differently, and dbt has no macro for. DuckDB's spelling is the default. #}

{% macro sha256_hex(text) -%}
    {{ return(adapter.dispatch('sha256_hex')(text)) }}
{%- endmacro %}

{% macro default__sha256_hex(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro bigquery__sha256_hex(text) -%}
    to_hex(sha256({{ text }}))
{%- endmacro %}


{% macro epoch_milliseconds(moment) -%}
    {{ return(adapter.dispatch('epoch_milliseconds')(moment)) }}
{%- endmacro %}

{% macro default__epoch_milliseconds(moment) -%}
    epoch_ms({{ moment }})
{%- endmacro %}

{% macro bigquery__epoch_milliseconds(moment) -%}
    unix_millis({{ moment }})
{%- endmacro %}


{# From one moment to another, seconds, exact to the millisecond. #}
{% macro seconds_between(start, end) -%}
    (({{ epoch_milliseconds(end) }} - {{ epoch_milliseconds(start) }}) / 1000.0)
{%- endmacro %}


{# The hour that a moment lies in, by its start. #}
{% macro hour_of(moment) -%}
    {{ dbt.date_trunc('hour', moment) }}
{%- endmacro %}


{# The UTC day that a moment lies in. #}
{% macro day_of(moment) -%}
    cast({{ moment }} as date)
{%- endmacro %}


{# 1 for Monday to 7 for Sunday. #}
{% macro iso_weekday(moment) -%}
    {{ return(adapter.dispatch('iso_weekday')(moment)) }}
{%- endmacro %}

{% macro default__iso_weekday(moment) -%}
    cast(extract(isodow from {{ moment }}) as {{ dbt.type_bigint() }})
{%- endmacro %}

{% macro bigquery__iso_weekday(moment) -%}
    mod(extract(dayofweek from {{ moment }}) + 5, 7) + 1
{%- endmacro %}


{% macro iso_week(moment) -%}
    {{ return(adapter.dispatch('iso_week')(moment)) }}
{%- endmacro %}

{% macro default__iso_week(moment) -%}
    cast(extract(week from {{ moment }}) as {{ dbt.type_bigint() }})
{%- endmacro %}

{% macro bigquery__iso_week(moment) -%}
    extract(isoweek from {{ moment }})
{%- endmacro %}


{# All hours from the first to the last, given by their starts: a table with one column. #}
{% macro hours_through(first_hour, last_hour, column) -%}
    {{ return(adapter.dispatch('hours_through')(first_hour, last_hour, column)) }}
{%- endmacro %}

{% macro default__hours_through(first_hour, last_hour, column) -%}
    unnest(generate_series({{ first_hour }}, {{ last_hour }}, interval 1 hour)) as hours ({{ column }})
{%- endmacro %}

{% macro bigquery__hours_through(first_hour, last_hour, column) -%}
    unnest(generate_timestamp_array({{ first_hour }}, {{ last_hour }}, interval 1 hour)) as {{ column }}
{%- endmacro %}


{# How many rows of a group meet a condition. #}
{% macro count_where(condition) -%}
    count(case when {{ condition }} then 1 end)
{%- endmacro %}


{# The moment that the unknown version of a listener is valid from: before any event. #}
{% macro beginning_of_time() -%}
    cast('1900-01-01 00:00:00' as {{ dbt.type_timestamp() }})
{%- endmacro %}


{# The Monday of the ISO week that a day or moment lies in, a date. #}
{% macro week_of(moment) -%}
    {{ return(adapter.dispatch('week_of')(moment)) }}
{%- endmacro %}

{% macro default__week_of(moment) -%}
    cast(date_trunc('week', {{ moment }}) as date)
{%- endmacro %}

{% macro bigquery__week_of(moment) -%}
    date_sub(
        cast({{ moment }} as date),
        interval mod(extract(dayofweek from cast({{ moment }} as date)) + 5, 7) day
    )
{%- endmacro %}


{# So many days after a day; a negative number: before it. #}
{% macro days_later(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}


{# Whole days from one day to another; negative where it is before it. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between')(first, last)) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    date_diff('day', {{ first }}, {{ last }})
{%- endmacro %}

{% macro bigquery__days_between(first, last) -%}
    date_diff({{ last }}, {{ first }}, day)
{%- endmacro %}


{# So many hours after a moment; a negative number: before it. #}
{% macro hours_later(moment, hours) -%}
    cast({{ dbt.dateadd('hour', hours, moment) }} as {{ dbt.type_timestamp() }})
{%- endmacro %}


{# A sum of whole numbers, as one; DuckDB would widen it. #}
{% macro total(numbers) -%}
    cast(sum({{ numbers }}) as {{ dbt.type_bigint() }})
{%- endmacro %}


{# The same over the rows that meet a condition; 0 where none does. #}
{% macro total_where(numbers, condition) -%}
    {{ total('case when ' ~ condition ~ ' then ' ~ numbers ~ ' else 0 end') }}
{%- endmacro %}


{# A sum of seconds, exact to the microsecond: floating numbers add up differently in each order. #}
{% macro exact_sum(seconds) -%}
    cast(sum({{ exact_seconds(seconds) }}) as {{ double_type() }})
{%- endmacro %}

{% macro exact_seconds(seconds) -%}
    {{ return(adapter.dispatch('exact_seconds')(seconds)) }}
{%- endmacro %}

{% macro default__exact_seconds(seconds) -%}
    cast({{ seconds }} as decimal(18, 6))
{%- endmacro %}

{# Of its nine decimals six are kept, so that both engines add up the same numbers. #}
{% macro bigquery__exact_seconds(seconds) -%}
    round(cast({{ seconds }} as numeric), 6)
{%- endmacro %}

{% macro double_type() -%}
    {{ return(adapter.dispatch('double_type')()) }}
{%- endmacro %}

{% macro default__double_type() -%}
    double
{%- endmacro %}

{% macro bigquery__double_type() -%}
    float64
{%- endmacro %}


{# One number by another, as a double; null where there is nothing to divide by. #}
{% macro ratio(part, whole) -%}
    ({{ part }}) / nullif({{ whole }}, 0)
{%- endmacro %}

{#
    What the reports are narrowed down by, as CTEs: `locations`, with the state of each, and
    `devices`, with the kind of each.
#}
{% macro places_and_devices() -%}
locations as (

    {{ states_by_location() }}

),

devices as (

    select
        device_key,
        device_type
    from {{ ref('dim_devices') }}

)
{%- endmacro %}


{# The state of each location; of what is not known, reporting speaks with one word. #}
{% macro states_by_location() -%}
    select
        location_key,
        case when state = 'Unknown state' then 'unknown' else state end as state
    from {{ ref('dim_locations') }}
{%- endmacro %}

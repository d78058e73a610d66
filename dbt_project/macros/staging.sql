{# What each eventsim event says of the listener, in every topic the same. #}
{% macro listener_columns() -%}
    {{ presence('first_name') }} as first_name,
    {{ presence('last_name') }} as last_name,
    {{ presence('gender') }} as gender,
    {{ presence('tag') }} as test_group,
    {{ presence('city') }} as city,
    {{ presence('state') }} as state,
    {{ presence('zip') }} as zip,
    latitude,
    longitude,
    {{ presence(unquoted('user_agent')) }} as user_agent,
    home_region,
    device_type,
    operating_system,
    browser
{%- endmacro %}

{{ config(materialized='view') }}

{# Each topic of eventsim: the staging model, its time column, and its column of the plan. #}
{% set topics = [
    ('listen_events', ref('stg_eventsim__listen_events'), 'listened_at', 'level'),
    ('page_view_events', ref('stg_eventsim__page_view_events'), 'viewed_at', 'level'),
    ('auth_events', ref('stg_eventsim__auth_events'), 'attempted_at', 'level'),
    (
        'status_change_events',
        ref('stg_eventsim__status_change_events'),
        'changed_at',
        'previous_level',
    ),
] %}

{% for topic, model, occurred_at, level in topics %}
    select
        '{{ topic }}' as event_name,
        event_key,
        event_id,
        session_id,
        item_in_session,
        user_id,
        {{ level }} as level,
        gender,
        test_group,
        city,
        state,
        home_region,
        device_type,
        operating_system,
        browser,
        {{ occurred_at }} as occurred_at,
        registered_at
    from {{ model }}
    {{ 'union all' if not loop.last }}
{% endfor %}

{{ config(materialized='view') }}

{#
    Each topic of the app: the staging model and its time column. Who is named here is known to
    dim_users, and its hours to dim_datetimes.
#}
{% set topics = [
    ('music_events', ref('stg_eventsim__music_events'), 'acted_at'),
] %}

{% for topic, model, occurred_at in topics %}
    select
        '{{ topic }}' as event_name,
        session_id,
        user_id,
        {{ occurred_at }} as occurred_at
    from {{ model }}
    {{ 'union all' if not loop.last }}
{% endfor %}

{# Each topic: its fact, its time column, and what tells the types of its events apart. #}
{% set topics = [
    ('listen_events', ref('fct_streams'), 'listened_at', "'listen'"),
    ('page_view_events', ref('fct_page_views'), 'viewed_at', 'page'),
    (
        'auth_events',
        ref('fct_auth_attempts'),
        'attempted_at',
        "case when is_success then 'success' else 'failure' end",
    ),
    ('status_change_events', ref('fct_plan_changes'), 'changed_at', 'change'),
    ('music_events', ref('fct_player_events'), 'acted_at', 'event_type'),
] %}

with events as (

    {% for topic, model, occurred_at, event_type in topics %}
        select
            '{{ topic }}' as event_name,
            {{ event_type }} as event_type,
            {{ hour_of(occurred_at) }} as hour_starts_at
        from {{ model }}
        where {{ in_window(occurred_at) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    hour_starts_at,
    event_name,
    event_type,
    count(*) as events
from events
group by 1, 2, 3

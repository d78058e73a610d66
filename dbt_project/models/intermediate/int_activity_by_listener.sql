{# What a fact tells of a listener's hour: its time column, place and plan, and its measures. #}
{% set facts = [
    (ref('fct_streams'), 'listened_at', 'location_key', 'level', {
        'streams': 'count(*)',
        'qualified_streams': count_where('is_qualified'),
        'completed_streams': count_where('is_completed'),
        'skipped_streams': count_where('is_skipped'),
        'listening_seconds': exact_sum('listening_seconds'),
    }),
    (ref('fct_page_views'), 'viewed_at', 'location_key', 'level', {'page_views': 'count(*)'}),
    (
        ref('fct_player_events'), 'acted_at', unknown_key(),
        'cast(null as ' ~ dbt.type_string() ~ ')', {'player_actions': 'count(*)'},
    ),
    (
        ref('fct_auth_attempts'), 'attempted_at', 'location_key', 'level',
        {'login_attempts': 'count(*)'},
    ),
    (ref('fct_plan_changes'), 'changed_at', 'location_key', 'level', {
        'upgrades': count_where("change = 'upgrade'"),
        'downgrades': count_where("change = 'downgrade'"),
    }),
] %}
{% set counts = [
    'streams', 'qualified_streams', 'completed_streams', 'skipped_streams', 'page_views',
    'player_actions', 'login_attempts', 'upgrades', 'downgrades',
] %}

with activity_by_fact as (

    -- Each fact by itself: most of them tell of one measure only.
    {% for fact, occurred_at, location_key, level, measures in facts %}
        select
            {{ hour_of(occurred_at) }} as hour_starts_at,
            user_key,
            {{ location_key }} as location_key,
            {{ level }} as level,
            device_key,
            {% for count in counts %}
                {{ measures.get(count, '0') }} as {{ count }},
            {% endfor %}
            {{ measures.get('listening_seconds', '0') }} as listening_seconds
        from {{ fact }}
        where {{ in_window(occurred_at) }}
        group by 1, 2, 3, 4, 5
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    hour_starts_at,
    user_key,
    location_key,
    level,
    device_key,
    {% for count in counts %}
        {{ total(count) }} as {{ count }},
    {% endfor %}
    {{ exact_sum('listening_seconds') }} as listening_seconds
from activity_by_fact
group by 1, 2, 3, 4, 5

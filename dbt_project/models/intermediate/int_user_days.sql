{% set counts = [
    'streams', 'qualified_streams', 'completed_streams', 'skipped_streams', 'page_views',
    'player_actions', 'login_attempts', 'upgrades', 'downgrades',
] %}

with user_hours as (

    select
        *,
        {{ day_of('active_hour') }} as active_on
    from {{ ref('int_user_hours') }}
    where {{ in_window('active_hour') }}

),

activity as (

    -- What is known of a listener is the latest of the day; player events say nothing of it.
    select
        active_on,
        user_key,
        {{ exact_sum('listening_seconds') }} as listening_seconds,
        {% for count in counts %}
            {{ total(count) }} as {{ count }},
        {% endfor %}
        max(case when level is not null then active_hour end) as last_known_hour
    from user_hours
    group by 1, 2

)

select
    activity.active_on,
    activity.user_key,
    activity.streams,
    activity.qualified_streams,
    activity.completed_streams,
    activity.skipped_streams,
    activity.listening_seconds,
    activity.page_views,
    activity.player_actions,
    activity.login_attempts,
    activity.upgrades,
    activity.downgrades,
    last_hours.level,
    last_hours.gender,
    last_hours.test_group,
    last_hours.state,
    last_hours.registered_on
from activity
left join user_hours as last_hours
    on
        activity.user_key = last_hours.user_key
        and activity.last_known_hour = last_hours.active_hour

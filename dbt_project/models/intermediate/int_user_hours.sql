{% set counts = [
    'streams', 'qualified_streams', 'completed_streams', 'skipped_streams', 'page_views',
    'player_actions', 'login_attempts', 'upgrades', 'downgrades',
] %}

with session_events as (

    select * from {{ ref('int_session_events_unioned') }}
    where user_id is not null and {{ in_window('occurred_at') }}

),

activity as (

    select
        user_key,
        hour_starts_at as active_hour,
        {% for count in counts %}
            {{ total(count) }} as {{ count }},
        {% endfor %}
        {{ exact_sum('listening_seconds') }} as listening_seconds
    from {{ ref('int_activity_by_listener') }}
    where user_key <> {{ unknown_key() }} and {{ in_window('hour_starts_at') }}
    group by 1, 2

),

last_moments as (

    -- Read apart from the events themselves, which are wide, and of which only the last are kept.
    select
        user_id,
        {{ hour_of('occurred_at') }} as active_hour,
        max(occurred_at) as occurred_at
    from {{ ref('int_session_events_unioned') }}
    where user_id is not null and {{ in_window('occurred_at') }}
    group by 1, 2

),

last_events as (

    -- Keys cost, and tell events apart only where nothing else does: the last ones alone get them.
    select
        session_events.user_id,
        last_moments.active_hour,
        session_events.session_id,
        session_events.item_in_session,
        session_events.event_name,
        {{ event_key('session_events.event_id', 'session_events.occurred_at') }} as event_key,
        session_events.level,
        session_events.gender,
        session_events.test_group,
        session_events.state,
        session_events.registered_at
    from session_events
    inner join last_moments
        on
            session_events.user_id = last_moments.user_id
            and session_events.occurred_at = last_moments.occurred_at

),

ranked as (

    -- Of several events in the last millisecond, the last of the visit.
    select
        *,
        row_number() over (
            partition by user_id, active_hour
            order by session_id desc, item_in_session desc, event_name desc, event_key desc
        ) as recency
    from last_events

),

states as (

    select
        {{ pseudonym('user_id') }} as user_key,
        active_hour,
        level,
        gender,
        test_group,
        state,
        {{ day_of('registered_at') }} as registered_on
    from ranked
    where recency = 1

)

select
    activity.active_hour,
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
    states.level,
    states.gender,
    states.test_group,
    states.state,
    states.registered_on
from activity
left join states
    on
        activity.user_key = states.user_key
        and activity.active_hour = states.active_hour

with session_events as (

    select * from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at') }}

),

app_events as (

    select * from {{ ref('int_app_events_unioned') }}
    where {{ in_window('occurred_at') }}

),

streams as (

    select * from {{ ref('fct_streams') }}
    where {{ in_window('listened_at') }}

),

visits as (

    -- Who was there in an hour, and how often: far fewer rows than events to count listeners from.
    select
        event_name,
        {{ hour_of('occurred_at') }} as hour_starts_at,
        session_id,
        user_id,
        count(*) as events
    from session_events
    group by 1, 2, 3, 4
    union all
    select
        event_name,
        {{ hour_of('occurred_at') }} as hour_starts_at,
        session_id,
        user_id,
        count(*) as events
    from app_events
    group by 1, 2, 3, 4

),

listening as (

    select
        {{ hour_of('listened_at') }} as hour_starts_at,
        {{ exact_sum('listening_seconds') }} as listening_seconds
    from streams
    group by 1

),

activity as (

    select
        hour_starts_at,
        {{ total_where('events', "event_name = 'listen_events'") }} as streams,
        {{ total_where('events', "event_name = 'page_view_events'") }} as page_views,
        {{ total_where('events', "event_name = 'auth_events'") }} as login_attempts,
        {{ total_where('events', "event_name = 'status_change_events'") }} as plan_changes,
        {{ total_where('events', "event_name = 'music_events'") }} as player_actions,
        count(distinct session_id) as sessions,
        count(distinct user_id) as active_users
    from visits
    group by 1

)

select
    activity.*,
    coalesce(listening.listening_seconds, 0) as listening_seconds
from activity
left join listening on activity.hour_starts_at = listening.hour_starts_at

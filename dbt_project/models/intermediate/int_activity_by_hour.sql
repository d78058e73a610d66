with session_events as (

    select * from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at') }}

),

music_events as (

    select * from {{ ref('stg_eventsim__music_events') }}
    where {{ in_window('acted_at') }}

),

streams as (

    select * from {{ ref('fct_streams') }}
    where {{ in_window('listened_at') }}

),

events as (

    select
        event_name,
        session_id,
        user_id,
        occurred_at
    from session_events
    union all
    select
        'music_events' as event_name,
        session_id,
        user_id,
        acted_at as occurred_at
    from music_events

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
        {{ hour_of('occurred_at') }} as hour_starts_at,
        {{ count_where("event_name = 'listen_events'") }} as streams,
        {{ count_where("event_name = 'page_view_events'") }} as page_views,
        {{ count_where("event_name = 'auth_events'") }} as login_attempts,
        {{ count_where("event_name = 'status_change_events'") }} as plan_changes,
        {{ count_where("event_name = 'music_events'") }} as player_actions,
        count(distinct session_id) as sessions,
        count(distinct user_id) as active_users
    from events
    group by 1

)

select
    activity.*,
    coalesce(listening.listening_seconds, 0) as listening_seconds
from activity
left join listening on activity.hour_starts_at = listening.hour_starts_at

with events as (

    select
        *,
        {{ hour_of('occurred_at') }} as hour_starts_at
    from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at') }}

),

listens as (

    select
        *,
        {{ hour_of('listened_at') }} as hour_starts_at
    from {{ ref('fct_streams') }}
    where {{ in_window('listened_at') }}

),

activity as (

    -- Read apart from the events themselves, which are wide, and of which only the edges are kept.
    select
        session_id,
        {{ hour_of('occurred_at') }} as hour_starts_at,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        min(case when user_id is not null then occurred_at end) as user_known_at,
        count(*) as events,
        {{ count_where("event_name = 'page_view_events'") }} as page_views,
        {{ count_where("event_name = 'auth_events'") }} as login_attempts,
        {{ count_where("event_name = 'status_change_events'") }} as plan_changes
    from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at') }}
    group by 1, 2

),

listening as (

    select
        session_id,
        hour_starts_at,
        count(*) as streams,
        {{ count_where('is_qualified') }} as qualified_streams,
        {{ exact_sum('listening_seconds') }} as listening_seconds
    from listens
    group by 1, 2

),

at_the_edges as (

    -- Few events can be the first or the last of their hour: only these are put in order.
    select
        events.session_id,
        events.hour_starts_at,
        events.event_name,
        events.item_in_session,
        events.user_id,
        events.level,
        events.city,
        events.state,
        events.device_type,
        events.operating_system,
        events.browser,
        events.occurred_at,
        {{ event_key('events.event_id', 'events.occurred_at') }} as event_key
    from events
    inner join activity
        on
            events.session_id = activity.session_id
            and events.hour_starts_at = activity.hour_starts_at
    where
        events.occurred_at = activity.first_event_at
        or events.occurred_at = activity.last_event_at
        or events.occurred_at = activity.user_known_at

),

placed as (

    select
        *,
        row_number() over (
            partition by session_id, hour_starts_at
            order by occurred_at asc, item_in_session asc, event_name asc, event_key asc
        ) as place
    from at_the_edges

),

bounded as (

    select
        *,
        max(place) over (partition by session_id, hour_starts_at) as last_place,
        min(case when user_id is not null then place end) over (
            partition by session_id, hour_starts_at
        ) as user_place
    from placed

),

edges as (

    select
        session_id,
        hour_starts_at,
        max(case when place = user_place then user_id end) as user_id,
        max(case when place = 1 then level end) as first_level,
        max(case when place = last_place then level end) as last_level,
        max(case when place = 1 then city end) as city,
        max(case when place = 1 then state end) as state,
        max(case when place = 1 then device_type end) as device_type,
        max(case when place = 1 then operating_system end) as operating_system,
        max(case when place = 1 then browser end) as browser
    from bounded
    group by 1, 2

)

select
    activity.session_id,
    activity.hour_starts_at,
    {{ pseudonym('edges.user_id') }} as user_key,
    {{ location_key('edges.city', 'edges.state') }} as location_key,
    {{ device_key('edges.device_type', 'edges.operating_system', 'edges.browser') }} as device_key,
    edges.first_level,
    edges.last_level,
    activity.events,
    coalesce(listening.streams, 0) as streams,
    coalesce(listening.qualified_streams, 0) as qualified_streams,
    coalesce(listening.listening_seconds, 0) as listening_seconds,
    activity.page_views,
    activity.login_attempts,
    activity.plan_changes,
    activity.first_event_at,
    activity.last_event_at,
    activity.user_known_at
from activity
inner join edges
    on
        activity.session_id = edges.session_id
        and activity.hour_starts_at = edges.hour_starts_at
left join listening
    on
        activity.session_id = listening.session_id
        and activity.hour_starts_at = listening.hour_starts_at

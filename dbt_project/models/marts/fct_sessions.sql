{{
    config(
        materialized='incremental',
        incremental_strategy='replace_touched',
        unique_key='session_id',
    )
}}

with session_hours as (

    select * from {{ ref('int_session_hours') }}
    where {{ is_touched('session_id', [(ref('int_session_hours'), 'hour_starts_at')]) }}

),

placed as (

    select
        *,
        row_number() over (partition by session_id order by hour_starts_at asc) as place,
        row_number() over (partition by session_id order by hour_starts_at desc) as place_from_end,
        row_number() over (
            partition by session_id, user_known_at is null
            order by hour_starts_at asc
        ) as place_by_user
    from session_hours

),

sessions as (

    select
        session_id,
        max(
            case when place_by_user = 1 and user_known_at is not null then user_key end
        ) as user_key,
        max(case when place = 1 then location_key end) as location_key,
        max(case when place = 1 then device_key end) as device_key,
        max(case when place = 1 then first_level end) as level_at_start,
        max(case when place_from_end = 1 then last_level end) as level_at_end,
        {{ total('events') }} as events,
        {{ total('streams') }} as streams,
        {{ total('qualified_streams') }} as qualified_streams,
        {{ exact_sum('listening_seconds') }} as listening_seconds,
        {{ total('page_views') }} as page_views,
        min(first_event_at) as started_at,
        max(last_event_at) as ended_at
    from placed
    group by 1

)

select
    ---------- keys
    {{ surrogate_key(['session_id']) }} as session_key,
    coalesce(user_key, {{ unknown_key() }}) as user_key,
    location_key,
    device_key,
    {{ hour_key('started_at') }} as hour_key,

    ---------- the visit
    session_id,
    level_at_start,
    level_at_end,
    {{ seconds_between('started_at', 'ended_at') }} as length_seconds,
    events,
    streams,
    qualified_streams,
    listening_seconds,
    page_views,

    ---------- timestamps
    started_at,
    ended_at
from sessions

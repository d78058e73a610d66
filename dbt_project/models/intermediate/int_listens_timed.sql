{# No table of its own, since fct_streams holds all of it; apart because it is one idea. #}
{{ config(materialized='ephemeral') }}

with listens as (

    select * from {{ ref('stg_eventsim__listen_events') }}
    where {{ in_window('listened_at') }}

),

session_events as (

    select * from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at', after_hours=1) }}

),

endings as (

    select * from {{ ref('stg_eventsim__music_events') }}
    where event_type in ('stop', 'skip') and {{ in_window('acted_at', after_hours=1) }}

),

moments as (

    select
        session_id,
        occurred_at,
        max(case when event_name = 'listen_events' then occurred_at end) as listened_at
    from session_events
    group by 1, 2

),

next_moments as (

    select
        session_id,
        listened_at,
        lead(occurred_at) over (partition by session_id order by occurred_at) as next_event_at
    from moments

),

player_timeline as (

    select
        session_id,
        listened_at as happened_at,
        listened_at,
        cast(null as {{ dbt.type_string() }}) as song_id,
        cast(null as {{ dbt.type_string() }}) as event_type,
        cast(null as {{ double_type() }}) as position_seconds,
        cast(null as {{ dbt.type_string() }}) as event_id
    from moments
    where listened_at is not null
    union all
    select
        session_id,
        acted_at as happened_at,
        cast(null as {{ dbt.type_timestamp() }}) as listened_at,
        song_id,
        event_type,
        position_seconds,
        event_id
    from endings

),

heard_before as (

    -- An action speaks of the last moment before it at which the session began to listen; of two
    -- things at one moment the action comes first, so that it never ends what begins with it.
    select
        session_id,
        song_id,
        event_type,
        position_seconds,
        event_id,
        happened_at as acted_at,
        max(listened_at) over (
            partition by session_id
            order by happened_at asc, case when listened_at is null then 0 else 1 end asc
            rows between unbounded preceding and current row
        ) as listened_at
    from player_timeline

),

told as (

    select
        listens.event_key,
        heard_before.event_type,
        heard_before.position_seconds,
        row_number() over (
            partition by listens.event_key
            order by
                heard_before.acted_at asc, heard_before.event_type asc,
                heard_before.position_seconds desc, heard_before.event_id asc
        ) as place
    from listens
    inner join heard_before
        on
            listens.session_id = heard_before.session_id
            and listens.listened_at = heard_before.listened_at
    where
        heard_before.event_type is not null
        and {{ seconds_between('listens.listened_at', 'heard_before.acted_at') }} < 3600
        and (listens.song_id is null or listens.song_id = heard_before.song_id)

),

followed as (

    select
        listens.*,
        told.event_type as told_ending,
        told.position_seconds as told_seconds,
        {{ seconds_between('listens.listened_at', 'next_moments.next_event_at') }} as gap_seconds,
        least(listens.duration_seconds, 3600) as longest_seconds
    from listens
    left join next_moments
        on
            listens.session_id = next_moments.session_id
            and listens.listened_at = next_moments.listened_at
    left join told on listens.event_key = told.event_key and told.place = 1

),

timed as (

    select
        *,
        case
            when told_ending is not null then least(told_seconds, longest_seconds)
            when gap_seconds < longest_seconds then gap_seconds
            else longest_seconds
        end as listening_seconds,
        case
            when told_ending is not null then told_ending
            when gap_seconds < longest_seconds then 'next_event'
            else 'song_end'
        end as ended_by
    from followed

),

judged as (

    select
        *,
        listening_seconds > longest_seconds - 1 as is_completed
    from timed

),

known as (

    {{ with_user_key('judged') }}

)

select
    ---------- keys
    event_key as stream_key,
    user_key,
    {{ song_key('song_id', 'artist_name', 'song_title') }} as song_key,
    {{ artist_key('artist_name') }} as artist_key,
    {{ location_key('city', 'state') }} as location_key,
    {{ device_key('device_type', 'operating_system', 'browser') }} as device_key,
    {{ hour_key('listened_at') }} as hour_key,

    ---------- the listen
    session_id,
    item_in_session,
    level,
    duration_seconds,
    listening_seconds,
    ended_by,
    is_completed,
    not is_completed and ended_by in ('skip', 'next_event') as is_skipped,
    listening_seconds >= 30 as is_qualified,
    listened_at
from known

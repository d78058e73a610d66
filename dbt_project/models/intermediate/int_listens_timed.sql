{# No table of its own, since fct_streams holds all of it; apart because it is one idea. #}
{{ config(materialized='ephemeral') }}

{% set heard = [(ref('int_song_variants_heard'), 'heard_hour')] %}
{% set seen_places = [(ref('int_locations_seen'), 'seen_hour')] %}
{% set seen_devices = [(ref('int_devices_seen'), 'seen_hour')] %}

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

followers as (

    -- Of several events at one moment the listens come last, so that what follows them is later.
    select
        session_id,
        event_name,
        occurred_at,
        lead(occurred_at) over (
            partition by session_id
            order by
                occurred_at asc,
                case when event_name = 'listen_events' then 1 else 0 end asc
        ) as next_event_at
    from session_events

),

next_moments as (

    select
        session_id,
        occurred_at as listened_at,
        -- Of several listens at one moment, the last one has what follows them all.
        max(nullif(next_event_at, occurred_at)) as next_event_at
    from followers
    where event_name = 'listen_events'
    group by 1, 2

),

player_timeline as (

    select
        session_id,
        occurred_at as happened_at,
        occurred_at as listened_at,
        cast(null as {{ dbt.type_string() }}) as song_id,
        cast(null as {{ dbt.type_string() }}) as event_type,
        cast(null as {{ double_type() }}) as position_seconds,
        cast(null as {{ dbt.type_string() }}) as event_id
    from session_events
    where event_name = 'listen_events'
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
        happened_at,
        max(listened_at) over (
            partition by session_id
            order by happened_at asc, case when listened_at is null then 0 else 1 end asc
            rows between unbounded preceding and current row
        ) as listened_at
    from player_timeline

),

told as (

    select *
    from heard_before
    where
        event_type is not null
        and listened_at is not null
        and {{ seconds_between('listened_at', 'happened_at') }} < 3600

),

told_of_songs as (

    select
        *,
        row_number() over (
            partition by session_id, listened_at, song_id
            order by happened_at asc, event_type asc, position_seconds desc, event_id asc
        ) as place
    from told

),

unnamed as (

    select distinct
        session_id,
        listened_at
    from {{ ref('stg_eventsim__listen_events') }}
    where song_id is null and {{ in_window('listened_at') }}

),

told_of_unnamed as (

    -- Of a song that has no id, the first action tells, whatever song it names.
    select
        told.*,
        row_number() over (
            partition by told.session_id, told.listened_at
            order by
                told.happened_at asc, told.event_type asc,
                told.position_seconds desc, told.event_id asc
        ) as place
    from told
    inner join unnamed
        on
            told.session_id = unnamed.session_id
            and told.listened_at = unnamed.listened_at

),

followed as (

    select
        listens.*,
        coalesce(told_of_songs.event_type, told_of_unnamed.event_type) as told_ending,
        coalesce(told_of_songs.position_seconds, told_of_unnamed.position_seconds) as told_seconds,
        {{ seconds_between('listens.listened_at', 'next_moments.next_event_at') }} as gap_seconds,
        least(listens.duration_seconds, 3600) as longest_seconds
    from listens
    left join next_moments
        on
            listens.session_id = next_moments.session_id
            and listens.listened_at = next_moments.listened_at
    left join told_of_songs
        on
            listens.session_id = told_of_songs.session_id
            and listens.listened_at = told_of_songs.listened_at
            and listens.song_id = told_of_songs.song_id
            and told_of_songs.place = 1
    left join told_of_unnamed
        on
            listens.session_id = told_of_unnamed.session_id
            and listens.listened_at = told_of_unnamed.listened_at
            and listens.song_id is null
            and told_of_unnamed.place = 1

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

    {{ with_user_key('judged', ref('stg_eventsim__listen_events'), 'listened_at') }}

),

songs as (

    {{ known_keys('song_key', ['song_id'], heard) }}

),

artists as (

    {{ known_keys('artist_key', ['artist_name'], heard) }}

),

places as (

    {{ known_keys('location_key', ['city', 'state'], seen_places) }}

),

devices as (

    {{
        known_keys(
            'device_key', ['device_type', 'operating_system', 'browser'], seen_devices
        )
    }}

)

select
    ---------- keys
    known.event_key as stream_key,
    known.user_key,
    coalesce(
        songs.song_key,
        {{ song_key('known.song_id', 'known.artist_name', 'known.song_title') }}
    ) as song_key,
    coalesce(artists.artist_key, {{ artist_key('known.artist_name') }}) as artist_key,
    coalesce(places.location_key, {{ location_key('known.city', 'known.state') }}) as location_key,
    coalesce(
        devices.device_key,
        {{ device_key('known.device_type', 'known.operating_system', 'known.browser') }}
    ) as device_key,
    {{ hour_key('known.listened_at') }} as hour_key,

    ---------- the listen
    known.session_id,
    known.item_in_session,
    known.level,
    known.duration_seconds,
    known.listening_seconds,
    known.ended_by,
    known.is_completed,
    not known.is_completed and known.ended_by in ('skip', 'next_event') as is_skipped,
    known.listening_seconds >= 30 as is_qualified,
    known.listened_at
from known
left join songs on known.song_id = songs.song_id
left join artists on known.artist_name = artists.artist_name
left join places on known.city = places.city and known.state = places.state
left join devices
    on
        known.device_type = devices.device_type
        and known.operating_system = devices.operating_system
        and known.browser = devices.browser

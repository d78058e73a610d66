{{ config(materialized='incremental') }}

{% set named = [
    (ref('int_song_variants_heard'), 'heard_hour'),
    (ref('int_songs_mentioned'), 'mentioned_hour'),
] %}

with actions as (

    select * from {{ ref('stg_eventsim__music_events') }}
    where {{ in_window('acted_at') }}

),

known as (

    {{ with_user_key('actions', ref('stg_eventsim__music_events'), 'acted_at') }}

),

songs as (

    {{ known_keys('song_key', ['song_id'], named) }}

),

artists as (

    {{ known_keys('artist_key', ['artist_name'], named) }}

),

devices as (

    -- A player tells of the kind of device alone.
    select distinct
        device_type,
        device_key
    from {{ ref('int_devices_seen') }}
    where
        operating_system is null
        and browser is null
        and device_type is not null
        and {{ in_window('seen_hour') }}

)

select
    ---------- keys
    known.event_key as player_event_key,
    known.user_key,
    coalesce(
        songs.song_key,
        {{ song_key('known.song_id', 'known.artist_name', 'known.song_title') }}
    ) as song_key,
    coalesce(artists.artist_key, {{ artist_key('known.artist_name') }}) as artist_key,
    coalesce(
        devices.device_key, {{ device_key('known.device_type', 'null', 'null') }}
    ) as device_key,
    {{ hour_key('known.acted_at') }} as hour_key,

    ---------- the action
    known.session_id,
    known.event_type,
    known.position_seconds,
    known.region,
    known.country,
    known.home_region,
    known.acted_at
from known
left join songs on known.song_id = songs.song_id
left join artists on known.artist_name = artists.artist_name
left join devices on known.device_type = devices.device_type

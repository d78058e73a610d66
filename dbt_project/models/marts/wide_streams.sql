{{ config(materialized='view') }}

with streams as (

    select * from {{ ref('fct_streams') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

songs as (

    select * from {{ ref('dim_songs') }}

),

artists as (

    select * from {{ ref('dim_artists') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

devices as (

    select * from {{ ref('dim_devices') }}

),

datetimes as (

    select * from {{ ref('dim_datetimes') }}

)

-- Left joins, though each stream meets one row of each: they cannot lose a stream.
select
    ---------- keys
    streams.stream_key,
    streams.user_key,
    users.user_version_key,
    streams.song_key,
    streams.artist_key,
    streams.location_key,
    streams.device_key,
    streams.hour_key,

    ---------- the listen
    streams.session_id,
    streams.item_in_session,
    streams.level,
    streams.duration_seconds,
    streams.listening_seconds,
    streams.ended_by,
    streams.is_completed,
    streams.is_skipped,
    streams.is_qualified,

    ---------- the listener, as far as known today
    users.gender,
    users.test_group,
    users.registered_on,

    ---------- the song
    songs.song_id,
    songs.song_title,
    artists.artist_name,
    songs.album_title,
    songs.release_year,

    ---------- place and device
    locations.city,
    locations.state,
    locations.home_region,
    devices.device_type,
    devices.operating_system,
    devices.browser,

    ---------- time
    datetimes.calendar_date,
    datetimes.hour_of_day,
    datetimes.weekday,
    datetimes.is_weekend,
    streams.listened_at
from streams
left join users
    on
        streams.user_key = users.user_key
        and streams.listened_at >= users.valid_from
        and (users.valid_to is null or streams.listened_at < users.valid_to)
left join songs on streams.song_key = songs.song_key
left join artists on streams.artist_key = artists.artist_key
left join locations on streams.location_key = locations.location_key
left join devices on streams.device_key = devices.device_key
left join datetimes on streams.hour_key = datetimes.hour_key

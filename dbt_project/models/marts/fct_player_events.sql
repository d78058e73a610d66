{{ config(materialized='incremental') }}

with actions as (

    select * from {{ ref('stg_eventsim__music_events') }}
    where {{ in_window('acted_at') }}

),

known as (

    {{ with_user_key('actions') }}

)

select
    ---------- keys
    event_key as player_event_key,
    user_key,
    {{ song_key('song_id', 'artist_name', 'song_title') }} as song_key,
    {{ artist_key('artist_name') }} as artist_key,
    {{ device_key('device_type', 'null', 'null') }} as device_key,
    {{ hour_key('acted_at') }} as hour_key,

    ---------- the action
    session_id,
    event_type,
    position_seconds,
    region,
    country,
    home_region,
    acted_at
from known

{{ config(materialized='incremental') }}

with listens as (

    select * from {{ ref('stg_eventsim__listen_events') }}
    where {{ in_window('listened_at') }}

)

select
    ---------- keys
    event_key as stream_key,
    {{ pseudonym('user_id') }} as user_key,
    {{ song_key('song_id', 'artist_name', 'song_title') }} as song_key,
    {{ artist_key('artist_name') }} as artist_key,
    {{ location_key('city', 'state') }} as location_key,
    {{ hour_key('listened_at') }} as hour_key,

    ---------- the listen
    session_id,
    item_in_session,
    level,
    duration_seconds,
    listened_at
from listens

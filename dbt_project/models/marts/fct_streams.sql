{{ config(materialized='incremental') }}

with listens as (

    select * from {{ ref('int_listens_timed') }}
    where {{ in_window('listened_at') }}

)

select
    ---------- keys
    stream_key,
    user_key,
    song_key,
    artist_key,
    location_key,
    device_key,
    hour_key,

    ---------- the listen
    session_id,
    item_in_session,
    level,
    duration_seconds,
    listening_seconds,
    ended_by,
    is_completed,
    is_skipped,
    is_qualified,
    listened_at
from listens

with source as (

    select * from {{ source('raw', 'page_view_events') }}
    where {{ in_any_partition('occurred_at') }}

),

mended as (

    select
        *,
        {{ mended_presence('artist') }} as artist_name,
        {{ mended_presence('song') }} as song_title
    from source

)

select
    ---------- ids
    {{ event_key('event_id', 'occurred_at') }} as event_key,
    event_id,
    session_id,
    item_in_session,
    user_id,

    ---------- the request; a song on NextSong only
    page,
    method,
    status_code,
    song_title,
    artist_name,
    duration_seconds,

    ---------- the listener
    level,
    auth,
    {{ listener_columns() }},

    ---------- timestamps
    occurred_at as viewed_at,
    registered_at,
    landed_at,

    ---------- provenance
    unknown_fields,
    kafka_topic,
    kafka_partition,
    kafka_offset
from mended

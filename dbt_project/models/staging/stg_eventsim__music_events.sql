with source as (

    select * from {{ source('raw', 'music_events') }}
    where {{ in_any_partition('occurred_at') }}

)

select
    ---------- ids
    {{ event_key('event_id', 'occurred_at') }} as event_key,
    event_id,
    session_id,
    user_id,
    {{ presence('song_id') }} as song_id,

    ---------- the action
    event_type,
    position_seconds,
    {{ presence('device_type') }} as device_type,
    {{ presence('region') }} as region,
    {{ presence('country') }} as country,
    home_region,

    ---------- the song
    {{ mended_presence('song') }} as song_title,
    {{ mended_presence('artist') }} as artist_name,

    ---------- timestamps
    occurred_at as acted_at,
    landed_at,

    ---------- provenance
    unknown_fields,
    kafka_topic,
    kafka_partition,
    kafka_offset
from source

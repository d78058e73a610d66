with listens as (

    select * from {{ ref('stg_eventsim__listen_events') }}
    where {{ in_window('listened_at') }}

),

variants as (

    select
        {{ hour_of('listened_at') }} as heard_hour,
        song_id,
        song_title,
        artist_name,
        duration_seconds,
        count(*) as plays,
        min(listened_at) as first_heard_at,
        max(listened_at) as last_heard_at
    from listens
    group by 1, 2, 3, 4, 5

)

select
    heard_hour,
    {{ song_key('song_id', 'artist_name', 'song_title') }} as song_key,
    {{ artist_key('artist_name') }} as artist_key,
    song_id,
    song_title,
    artist_name,
    duration_seconds,
    plays,
    first_heard_at,
    last_heard_at
from variants

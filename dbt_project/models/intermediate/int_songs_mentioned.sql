with page_views as (

    select * from {{ ref('stg_eventsim__page_view_events') }}
    where song_title is not null and {{ in_window('viewed_at') }}

),

actions as (

    select * from {{ ref('stg_eventsim__music_events') }}
    where {{ in_window('acted_at') }}

),

mentions as (

    select
        {{ hour_of('viewed_at') }} as mentioned_hour,
        cast(null as {{ dbt.type_string() }}) as song_id,
        song_title,
        artist_name,
        duration_seconds
    from page_views
    union distinct
    select
        {{ hour_of('acted_at') }} as mentioned_hour,
        song_id,
        song_title,
        artist_name,
        cast(null as {{ double_type() }}) as duration_seconds
    from actions

)

select
    mentioned_hour,
    {{ song_key('song_id', 'artist_name', 'song_title') }} as song_key,
    {{ artist_key('artist_name') }} as artist_key,
    song_id,
    song_title,
    artist_name,
    duration_seconds
from mentions

{% set no_song_id = 'cast(null as ' ~ dbt.type_string() ~ ')' %}

with page_views as (

    select
        *,
        {{ hour_of('viewed_at') }} as mentioned_hour
    from {{ ref('stg_eventsim__page_view_events') }}
    where
        (song_title is not null or artist_name is not null)
        and {{ in_window('viewed_at') }}

),

actions as (

    select
        *,
        {{ hour_of('acted_at') }} as mentioned_hour
    from {{ ref('stg_eventsim__music_events') }}
    where {{ in_window('acted_at') }}

),

heard_names as (

    select * from {{ ref('int_song_names_heard') }}
    where {{ in_window('heard_hour') }}

),

heard_songs as (

    select distinct
        heard_hour,
        song_key,
        artist_key
    from {{ ref('int_song_variants_heard') }}
    where {{ in_window('heard_hour') }}

),

viewed as (

    select distinct
        mentioned_hour,
        song_title,
        artist_name,
        duration_seconds
    from page_views

),

acted as (

    select distinct
        mentioned_hour,
        song_id,
        song_title,
        artist_name
    from actions

),

mentions as (

    -- Page views name songs without an id: what was heard by that name is known already.
    select
        viewed.mentioned_hour,
        {{ no_song_id }} as song_id,
        viewed.song_title,
        viewed.artist_name,
        viewed.duration_seconds
    from viewed
    left join heard_names
        on
            viewed.mentioned_hour = heard_names.heard_hour
            and viewed.artist_name = heard_names.artist_name
            and viewed.song_title = heard_names.song_title
    where heard_names.song_key is null
    union distinct
    select
        mentioned_hour,
        song_id,
        song_title,
        artist_name,
        cast(null as {{ double_type() }}) as duration_seconds
    from acted

),

keyed as (

    select
        *,
        {{ song_key('song_id', 'artist_name', 'song_title') }} as song_key,
        {{ artist_key('artist_name') }} as artist_key
    from mentions

)

select
    keyed.mentioned_hour,
    keyed.song_key,
    keyed.artist_key,
    keyed.song_id,
    keyed.song_title,
    keyed.artist_name,
    keyed.duration_seconds
from keyed
left join heard_songs
    on
        keyed.mentioned_hour = heard_songs.heard_hour
        and keyed.song_key = heard_songs.song_key
        and keyed.artist_key = heard_songs.artist_key
where heard_songs.song_key is null

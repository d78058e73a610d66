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

heard_variants as (

    select * from {{ ref('int_song_variants_heard') }}
    where {{ in_window('heard_hour') }}

),

heard_ids as (

    select distinct
        heard_hour,
        song_id,
        song_title,
        artist_name
    from heard_variants

),

heard_songs as (

    select distinct
        heard_hour,
        song_key,
        artist_key
    from heard_variants

),

viewed as (

    -- Page views name songs without an id: what was heard by that name is known already.
    select distinct
        page_views.mentioned_hour,
        page_views.song_title,
        page_views.artist_name,
        page_views.duration_seconds
    from page_views
    left join heard_names
        on
            page_views.mentioned_hour = heard_names.heard_hour
            and page_views.artist_name = heard_names.artist_name
            and page_views.song_title = heard_names.song_title
    where heard_names.song_key is null

),

acted as (

    -- So is what was heard by that id and name; of most actions nothing more is to be asked.
    select distinct
        actions.mentioned_hour,
        actions.song_id,
        actions.song_title,
        actions.artist_name
    from actions
    left join heard_ids
        on
            actions.mentioned_hour = heard_ids.heard_hour
            and actions.song_id = heard_ids.song_id
            and actions.artist_name = heard_ids.artist_name
            and actions.song_title = heard_ids.song_title
    where heard_ids.heard_hour is null

),

mentions as (

    select
        mentioned_hour,
        {{ no_song_id }} as song_id,
        song_title,
        artist_name,
        duration_seconds
    from viewed
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

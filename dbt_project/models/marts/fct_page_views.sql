{{ config(materialized='incremental') }}

{% set no_song_id = 'cast(null as ' ~ dbt.type_string() ~ ')' %}

with page_views as (

    select * from {{ ref('stg_eventsim__page_view_events') }}
    where {{ in_window('viewed_at') }}

),

known as (

    {{ with_user_key('page_views') }}

),

names as (

    select * from {{ ref('int_song_names_heard') }}
    where {{ in_window('heard_hour') }}

),

named as (

    -- A page names its song by artist and title: it is the one that was heard by them.
    select
        known.*,
        coalesce(
            names.song_key,
            {{ song_key(no_song_id, 'known.artist_name', 'known.song_title') }}
        ) as song_key
    from known
    left join names
        on
            {{ hour_of('known.viewed_at') }} = names.heard_hour
            and known.artist_name = names.artist_name
            and known.song_title = names.song_title

)

select
    ---------- keys
    event_key as page_view_key,
    user_key,
    song_key,
    {{ artist_key('artist_name') }} as artist_key,
    {{ location_key('city', 'state') }} as location_key,
    {{ device_key('device_type', 'operating_system', 'browser') }} as device_key,
    {{ hour_key('viewed_at') }} as hour_key,

    ---------- the request
    session_id,
    item_in_session,
    level,
    page,
    method,
    status_code,
    viewed_at
from named

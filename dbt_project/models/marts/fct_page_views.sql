{{ config(materialized='incremental') }}

{% set named_artists = [
    (ref('int_song_variants_heard'), 'heard_hour'),
    (ref('int_songs_mentioned'), 'mentioned_hour'),
] %}
{% set seen_places = [(ref('int_locations_seen'), 'seen_hour')] %}
{% set seen_devices = [(ref('int_devices_seen'), 'seen_hour')] %}
{% set no_song_id = 'cast(null as ' ~ dbt.type_string() ~ ')' %}

with page_views as (

    select * from {{ ref('stg_eventsim__page_view_events') }}
    where {{ in_window('viewed_at') }}

),

known as (

    {{ with_user_key('page_views', ref('stg_eventsim__page_view_events'), 'viewed_at') }}

),

names as (

    select * from {{ ref('int_song_names_heard') }}
    where {{ in_window('heard_hour') }}

),

artists as (

    {{ known_keys('artist_key', ['artist_name'], named_artists) }}

),

places as (

    {{ known_keys('location_key', ['city', 'state'], seen_places) }}

),

devices as (

    {{
        known_keys(
            'device_key', ['device_type', 'operating_system', 'browser'], seen_devices
        )
    }}

)

select
    ---------- keys
    known.event_key as page_view_key,
    known.user_key,
    -- A page names its song by artist and title: it is the one that was heard by them.
    coalesce(
        names.song_key,
        {{ song_key(no_song_id, 'known.artist_name', 'known.song_title') }}
    ) as song_key,
    coalesce(artists.artist_key, {{ artist_key('known.artist_name') }}) as artist_key,
    coalesce(places.location_key, {{ location_key('known.city', 'known.state') }}) as location_key,
    coalesce(
        devices.device_key,
        {{ device_key('known.device_type', 'known.operating_system', 'known.browser') }}
    ) as device_key,
    {{ hour_key('known.viewed_at') }} as hour_key,

    ---------- the request
    known.session_id,
    known.item_in_session,
    known.level,
    known.page,
    known.method,
    known.status_code,
    known.viewed_at
from known
left join names
    on
        {{ hour_of('known.viewed_at') }} = names.heard_hour
        and known.artist_name = names.artist_name
        and known.song_title = names.song_title
left join artists on known.artist_name = artists.artist_name
left join places on known.city = places.city and known.state = places.state
left join devices
    on
        known.device_type = devices.device_type
        and known.operating_system = devices.operating_system
        and known.browser = devices.browser

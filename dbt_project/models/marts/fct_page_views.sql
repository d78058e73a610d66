{{ config(materialized='incremental') }}

{% set no_song_id = 'cast(null as ' ~ dbt.type_string() ~ ')' %}

with page_views as (

    select * from {{ ref('stg_eventsim__page_view_events') }}
    where {{ in_window('viewed_at') }}

),

known as (

    {{ with_user_key('page_views') }}

)

select
    ---------- keys
    event_key as page_view_key,
    user_key,
    {{ song_key(no_song_id, 'artist_name', 'song_title') }} as song_key,
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
from known

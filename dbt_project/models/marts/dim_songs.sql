{% set no_song_id = 'cast(null as ' ~ dbt.type_string() ~ ')' %}

with known_from_events as (

    select * from {{ ref('int_songs_known') }}

),

catalogue as (

    select
        *,
        {{ song_key('song_id', 'artist_name', 'song_title') }} as song_key,
        {{ artist_key('artist_name') }} as artist_key,
        {{ song_key(no_song_id, 'artist_name', 'song_title') }} as title_key
    from {{ ref('stg_catalogue__songs') }}

),

titles as (

    -- A song that events name by artist and title alone is the first of the catalogue so called.
    select
        *,
        row_number() over (partition by title_key order by song_id asc) as place
    from catalogue
    where title_key <> {{ unknown_key() }}

),

known as (

    select
        song_key,
        album_title,
        release_year,
        tempo_bpm,
        loudness_db,
        hotness
    from catalogue
    union all
    select
        title_key as song_key,
        album_title,
        release_year,
        tempo_bpm,
        loudness_db,
        hotness
    from titles
    where place = 1

),

songs as (

    select
        song_key,
        artist_key,
        song_id,
        song_title,
        artist_name,
        duration_seconds,
        first_heard_at,
        last_heard_at
    from known_from_events
    union all
    select
        song_key,
        artist_key,
        song_id,
        song_title,
        artist_name,
        duration_seconds,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at
    from catalogue
    where song_key not in (select known_from_events.song_key from known_from_events)

),

described as (

    select
        songs.song_key,
        songs.artist_key,
        songs.song_id,
        coalesce(songs.song_title, 'Unknown song') as song_title,
        coalesce(songs.artist_name, 'Unknown artist') as artist_name,
        songs.duration_seconds,
        known.album_title,
        known.release_year,
        known.tempo_bpm,
        known.loudness_db,
        known.hotness,
        known.song_key is not null as is_in_catalogue,
        songs.first_heard_at,
        songs.last_heard_at
    from songs
    left join known on songs.song_key = known.song_key

),

unknown as (

    select
        {{ unknown_key() }} as song_key,
        {{ unknown_key() }} as artist_key,
        cast(null as {{ dbt.type_string() }}) as song_id,
        'Unknown song' as song_title,
        'Unknown artist' as artist_name,
        cast(null as {{ double_type() }}) as duration_seconds,
        cast(null as {{ dbt.type_string() }}) as album_title,
        cast(null as {{ dbt.type_bigint() }}) as release_year,
        cast(null as {{ double_type() }}) as tempo_bpm,
        cast(null as {{ double_type() }}) as loudness_db,
        cast(null as {{ double_type() }}) as hotness,
        false as is_in_catalogue,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at

)

select * from described
union all
select * from unknown

with heard as (

    select * from {{ ref('int_song_variants_heard') }}
    where song_key <> {{ unknown_key() }}

),

mentioned as (

    select * from {{ ref('int_songs_mentioned') }}
    where song_key <> {{ unknown_key() }}

),

named as (

    select
        song_key,
        artist_key,
        song_id,
        song_title,
        artist_name,
        duration_seconds,
        first_heard_at,
        last_heard_at
    from heard
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
    from mentioned

),

variants as (

    select
        song_key,
        artist_key,
        song_id,
        song_title,
        artist_name,
        duration_seconds,
        min(first_heard_at) as first_heard_at,
        max(last_heard_at) as last_heard_at
    from named
    group by 1, 2, 3, 4, 5, 6

),

ranked as (

    -- What the song was called last; the order is total, so that it never depends on chance.
    select
        *,
        row_number() over (
            partition by song_key
            order by
                last_heard_at desc nulls last, song_title asc, artist_name asc,
                duration_seconds asc
        ) as recency,
        min(first_heard_at) over (partition by song_key) as song_first_heard_at
    from variants

),

songs as (

    select
        song_key,
        artist_key,
        song_id,
        coalesce(song_title, 'Unknown song') as song_title,
        coalesce(artist_name, 'Unknown artist') as artist_name,
        duration_seconds,
        song_first_heard_at as first_heard_at,
        last_heard_at
    from ranked
    where recency = 1

),

unknown as (

    select
        {{ unknown_key() }} as song_key,
        {{ unknown_key() }} as artist_key,
        cast(null as {{ dbt.type_string() }}) as song_id,
        'Unknown song' as song_title,
        'Unknown artist' as artist_name,
        cast(null as {{ double_type() }}) as duration_seconds,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at

)

select * from songs
union all
select * from unknown

with heard as (

    select * from {{ ref('int_song_variants_heard') }}
    where artist_key <> {{ unknown_key() }}

),

mentioned as (

    select * from {{ ref('int_songs_mentioned') }}
    where artist_key <> {{ unknown_key() }}

),

named as (

    select
        artist_key,
        artist_name,
        first_heard_at,
        last_heard_at
    from heard
    union all
    select
        artist_key,
        artist_name,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at
    from mentioned

),

artists as (

    select
        artist_key,
        artist_name,
        min(first_heard_at) as first_heard_at,
        max(last_heard_at) as last_heard_at
    from named
    group by 1, 2

),

unknown as (

    select
        {{ unknown_key() }} as artist_key,
        'Unknown artist' as artist_name,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at

)

select * from artists
union all
select * from unknown

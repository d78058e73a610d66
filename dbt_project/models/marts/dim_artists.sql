with known_from_events as (

    select * from {{ ref('int_artists_known') }}

),

catalogue as (

    select
        *,
        {{ artist_key('artist_name') }} as artist_key
    from {{ ref('stg_catalogue__songs') }}
    where artist_name is not null

),

named as (

    select
        artist_key,
        artist_name,
        first_heard_at,
        last_heard_at,
        0 as songs_in_catalogue
    from known_from_events
    union all
    select
        artist_key,
        artist_name,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at,
        1 as songs_in_catalogue
    from catalogue

),

artists as (

    select
        artist_key,
        artist_name,
        {{ total('songs_in_catalogue') }} as songs_in_catalogue,
        max(songs_in_catalogue) = 1 as is_in_catalogue,
        min(first_heard_at) as first_heard_at,
        max(last_heard_at) as last_heard_at
    from named
    group by 1, 2

),

unknown as (

    select
        {{ unknown_key() }} as artist_key,
        'Unknown artist' as artist_name,
        cast(0 as {{ dbt.type_bigint() }}) as songs_in_catalogue,
        false as is_in_catalogue,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at

)

select * from artists
union all
select * from unknown

{% set places = 100 %}

with streams as (

    select * from {{ ref('fct_streams') }}
    where artist_key <> {{ unknown_key() }} and {{ in_window('listened_at') }}

),

variants as (

    select * from {{ ref('int_song_variants_heard') }}
    where artist_key <> {{ unknown_key() }} and {{ in_window('heard_hour') }}

),

plays as (

    select
        {{ day_of('listened_at') }} as listened_on,
        artist_key,
        count(*) as plays,
        count(distinct song_key) as songs,
        count(distinct nullif(user_key, {{ unknown_key() }})) as listeners
    from streams
    group by 1, 2

),

names as (

    select distinct
        artist_key,
        artist_name
    from variants

),

ranked as (

    select
        plays.listened_on,
        row_number() over (
            partition by plays.listened_on
            order by plays.plays desc, plays.listeners desc, names.artist_name asc
        ) as artist_rank,
        plays.artist_key,
        names.artist_name,
        plays.plays,
        plays.songs,
        plays.listeners
    from plays
    inner join names on plays.artist_key = names.artist_key

)

select * from ranked
where artist_rank <= {{ places }}

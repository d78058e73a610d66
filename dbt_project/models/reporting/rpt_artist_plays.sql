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
        count(distinct nullif(song_key, {{ unknown_key() }})) as songs,
        count(distinct nullif(user_key, {{ unknown_key() }})) as listeners,
        {{ count_where('is_qualified') }} as qualified_plays,
        {{ count_where('is_skipped') }} as skips,
        {{ count_where('is_completed') }} as completions,
        {{ exact_sum('listening_seconds') }} as listening_seconds
    from streams
    group by 1, 2

),

names as (

    -- The key is made of the name: an artist has one.
    select distinct
        artist_key,
        artist_name
    from variants

)

select
    plays.listened_on,
    plays.artist_key,
    names.artist_name,
    plays.plays,
    plays.songs,
    plays.listeners,
    plays.qualified_plays,
    plays.skips,
    plays.completions,
    plays.listening_seconds,
    {{ ratio('plays.skips', 'plays.plays') }} as skip_rate,
    {{ ratio('plays.completions', 'plays.plays') }} as completion_rate
from plays
inner join names on plays.artist_key = names.artist_key

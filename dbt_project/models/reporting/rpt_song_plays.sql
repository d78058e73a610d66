with streams as (

    select * from {{ ref('fct_streams') }}
    where song_key <> {{ unknown_key() }} and {{ in_window('listened_at') }}

),

hours as (

    select * from {{ ref('int_song_variants_heard') }}
    where song_key <> {{ unknown_key() }} and {{ in_window('heard_hour') }}

),

plays as (

    select
        {{ day_of('listened_at') }} as listened_on,
        song_key,
        count(*) as plays,
        count(distinct nullif(user_key, {{ unknown_key() }})) as listeners,
        {{ count_where('is_qualified') }} as qualified_plays,
        {{ count_where('is_skipped') }} as skips,
        {{ count_where('is_completed') }} as completions,
        {{ exact_sum('listening_seconds') }} as listening_seconds
    from streams
    group by 1, 2

),

variants as (

    select
        {{ day_of('heard_hour') }} as listened_on,
        song_key,
        coalesce(song_title, 'Unknown song') as song_title,
        coalesce(artist_name, 'Unknown artist') as artist_name,
        max(last_heard_at) as last_heard_at
    from hours
    group by 1, 2, 3, 4

),

names as (

    -- As the song was called on that day, so that no other day changes this one's rows.
    select
        *,
        row_number() over (
            partition by listened_on, song_key
            order by last_heard_at desc, song_title asc, artist_name asc
        ) as recency
    from variants

)

select
    plays.listened_on,
    plays.song_key,
    names.song_title,
    names.artist_name,
    plays.plays,
    plays.listeners,
    plays.qualified_plays,
    plays.skips,
    plays.completions,
    plays.listening_seconds,
    {{ ratio('plays.skips', 'plays.plays') }} as skip_rate,
    {{ ratio('plays.completions', 'plays.plays') }} as completion_rate
from plays
inner join names
    on
        plays.listened_on = names.listened_on
        and plays.song_key = names.song_key
        and names.recency = 1

with variants as (

    select * from {{ ref('int_song_variants_heard') }}
    where
        artist_name is not null
        and song_title is not null
        and {{ in_window('heard_hour') }}

),

ranked as (

    select
        heard_hour,
        artist_name,
        song_title,
        song_key,
        row_number() over (
            partition by heard_hour, artist_name, song_title
            order by song_id asc nulls last, song_key asc
        ) as place
    from variants

)

select
    heard_hour,
    artist_name,
    song_title,
    song_key
from ranked
where place = 1

with source as (

    select * from {{ source('catalogue', 'songs') }}

)

select
    ---------- ids
    {{ presence('song_id') }} as song_id,

    ---------- the song
    {{ mended_presence('title') }} as song_title,
    {{ mended_presence('artist') }} as artist_name,
    {{ mended_presence('album') }} as album_title,

    ---------- measures; what stands for not known is null
    case when duration_seconds > 0 then duration_seconds end as duration_seconds,
    cast(
        case when release_year > 0 then release_year end as {{ dbt.type_bigint() }}
    ) as release_year,
    case when tempo_bpm > 0 then tempo_bpm end as tempo_bpm,
    nullif(loudness_db, 0) as loudness_db,
    case when hotness > 0 then hotness end as hotness
from source

{{
    config(
        incremental_strategy='replace_touched',
        unique_key='song_key',
    )
}}

{% set heard_by_hour = ref('int_song_variants_heard') %}
{% set mentioned_by_hour = ref('int_songs_mentioned') %}
{% set states = [(heard_by_hour, 'heard_hour'), (mentioned_by_hour, 'mentioned_hour')] %}

with heard as (

    select * from {{ heard_by_hour }}
    where song_key <> {{ unknown_key() }} and {{ is_touched('song_key', states) }}

),

mentioned as (

    select * from {{ mentioned_by_hour }}
    where song_key <> {{ unknown_key() }} and {{ is_touched('song_key', states) }}

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
        last_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as mentioned_hour
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
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at,
        mentioned_hour
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
        max(last_heard_at) as last_heard_at,
        max(mentioned_hour) as last_mentioned_hour
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
                last_heard_at desc nulls last,
                case when last_heard_at is null then last_mentioned_hour end desc nulls last,
                song_title asc nulls last,
                artist_name asc nulls last,
                duration_seconds asc nulls last
        ) as recency,
        min(first_heard_at) over (partition by song_key) as song_first_heard_at
    from variants

)

select
    song_key,
    artist_key,
    song_id,
    song_title,
    artist_name,
    duration_seconds,
    song_first_heard_at as first_heard_at,
    last_heard_at,
    last_mentioned_hour
from ranked
where recency = 1

{{
    config(
        incremental_strategy='replace_touched',
        unique_key='artist_key',
    )
}}

{% set heard_by_hour = ref('int_song_variants_heard') %}
{% set mentioned_by_hour = ref('int_songs_mentioned') %}
{% set states = [(heard_by_hour, 'heard_hour'), (mentioned_by_hour, 'mentioned_hour')] %}

with heard as (

    select * from {{ heard_by_hour }}
    where artist_key <> {{ unknown_key() }} and {{ is_touched('artist_key', states) }}

),

mentioned as (

    select * from {{ mentioned_by_hour }}
    where artist_key <> {{ unknown_key() }} and {{ is_touched('artist_key', states) }}

),

named as (

    select
        artist_key,
        artist_name,
        first_heard_at,
        last_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as mentioned_hour
    from heard
    union all
    select
        artist_key,
        artist_name,
        cast(null as {{ dbt.type_timestamp() }}) as first_heard_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_heard_at,
        mentioned_hour
    from mentioned

)

select
    artist_key,
    artist_name,
    min(first_heard_at) as first_heard_at,
    max(last_heard_at) as last_heard_at,
    max(mentioned_hour) as last_mentioned_hour
from named
group by 1, 2

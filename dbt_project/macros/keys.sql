{#
    A key from natural columns: MD5, in hex, of their text. The separators are control characters
    that no title or name holds, so that ('a', 'bc') and ('ab', 'c') get different keys.
    Timestamps must come as epoch_milliseconds(), whose text is the same in every engine.
#}
{% macro surrogate_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), chr(30))") -%}
        {%- if not loop.last -%}
            {%- do parts.append("chr(31)") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(parts)) }}
{%- endmacro %}


{# The key of the one row of each dimension that stands for what is not known. #}
{% macro unknown_key() -%}
    'unknown'
{%- endmacro %}


{#
    A hashed key as a number, of its first 60 bits: counting different numbers is several times
    faster than counting texts, and takes a quarter of the room. Of a million keys two agree once in
    two million such sets.
#}
{% macro key_number(key) -%}
    cast({{ dbt.concat(["'0x'", "substr(" ~ key ~ ", 1, 15)"]) }} as {{ dbt.type_bigint() }})
{%- endmacro %}


{# Key of an event, from its identity. #}
{% macro event_key(event_id, occurred_at) -%}
    {{ surrogate_key([event_id, epoch_milliseconds(occurred_at)]) }}
{%- endmacro %}


{# Key of a song: the catalogue's id where the event carries one, else artist and title. #}
{% macro song_key(song_id, artist_name, song_title) -%}
    case
        when {{ song_id }} is not null then {{ surrogate_key(["'id'", song_id]) }}
        when {{ song_title }} is null then {{ unknown_key() }}
        else {{ surrogate_key(["'title'", artist_name, song_title]) }}
    end
{%- endmacro %}


{% macro artist_key(artist_name) -%}
    case
        when {{ artist_name }} is null then {{ unknown_key() }}
        else {{ surrogate_key([artist_name]) }}
    end
{%- endmacro %}


{% macro location_key(city, state) -%}
    case
        when {{ city }} is null and {{ state }} is null then {{ unknown_key() }}
        else {{ surrogate_key([city, state]) }}
    end
{%- endmacro %}


{% macro device_key(device_type, operating_system, browser) -%}
    case
        when coalesce({{ device_type }}, {{ operating_system }}, {{ browser }}) is null
            then {{ unknown_key() }}
        else {{ surrogate_key([device_type, operating_system, browser]) }}
    end
{%- endmacro %}


{# Key of an hour that people can read: 2026010105 is 2026-01-01 05:00 UTC. #}
{% macro hour_key(moment) -%}
    cast(
        extract(year from {{ moment }}) * 1000000
        + extract(month from {{ moment }}) * 10000
        + extract(day from {{ moment }}) * 100
        + extract(hour from {{ moment }})
        as {{ dbt.type_bigint() }}
    )
{%- endmacro %}


{#
    Keys that intermediate models have made: each set of `columns` with its `key`, of the hours that
    the model being built reads. Hashing is what costs most in a fact, and there are far more events
    than places, devices, songs and artists. A fact joins these, and hashes what it does not find:
    what has a null in it, above all.
#}
{% macro known_keys(key, columns, models) -%}
    {%- for model, hour in models %}
        select distinct
            {%- for column in columns %}
                {{ column }},
            {%- endfor %}
            {{ key }}
        from {{ model }}
        where
            {{ in_window(hour) }}
            {%- for column in columns %}
                and {{ column }} is not null
            {%- endfor %}
        {{- '\n        union distinct' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

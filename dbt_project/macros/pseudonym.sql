{#
    The pseudonym of a listener: a keyed hash, the first 128 bits in hex; a guest is unknown.

    The key is hashed around a hash of key and id, as HMAC does, so that nobody without the key
    can test a guessed id. It stays a row of a table: neither compiled SQL nor a log shows it.
    No key gives null, which the marts' contracts refuse, and never a guest.
#}
{% macro pseudonym(user_id) -%}
    {%- set key -%}
        (select key_row.key from {{ source('secrets', 'pseudonym_key') }} as key_row)
    {%- endset -%}
    {%- set text = "cast(" ~ user_id ~ " as " ~ dbt.type_string() ~ ")" -%}
    {%- set inner_hash = sha256_hex(dbt.concat(["'inner|'", key, "'|'", text])) -%}
    case
        when {{ user_id }} is null then {{ unknown_key() }}
        else substr({{ sha256_hex(dbt.concat(["'outer|'", key, "'|'", inner_hash])) }}, 1, 32)
    end
{%- endmacro %}


{#
    A relation of events with `user_key`, the pseudonym of `user_id`, beside its own columns.
    Each listener is hashed once: hashing is what costs most in a fact, and there are far more
    events than listeners. `staged` is the staging model that they come from, `occurred_at` its
    column of time: the listeners of the window are read from there, which is narrower.
#}
{% macro with_user_key(events, staged, occurred_at) -%}
    select
        {{ events }}.*,
        case
            when {{ events }}.user_id is null then {{ unknown_key() }}
            else pseudonyms.user_key
        end as user_key
    from {{ events }}
    left join (
        select
            listeners.user_id,
            {{ pseudonym('listeners.user_id') }} as user_key
        from {{ staged }} as listeners
        where listeners.user_id is not null and {{ in_window('listeners.' ~ occurred_at) }}
        group by 1
    ) as pseudonyms
        on {{ events }}.user_id = pseudonyms.user_id
{%- endmacro %}

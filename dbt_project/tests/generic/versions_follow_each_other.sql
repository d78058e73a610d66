{# Each version of a member ends where the next begins; the last one is open, and current. #}
{% test versions_follow_each_other(model) %}
with versions as (

    select
        user_key,
        valid_to,
        is_current,
        lead(valid_from) over (partition by user_key order by valid_from) as next_valid_from
    from {{ model }}

)

select * from versions
where
    coalesce(valid_to <> next_valid_from, true)
    and not (valid_to is null and next_valid_from is null and is_current)
{% endtest %}

{{ config(materialized='table') }}

{% set longest = 6 %}

with versions as (

    select * from {{ ref('dim_users') }}
    where user_key <> {{ unknown_key() }}

),

cancellations as (

    select * from {{ ref('int_cancellations') }}

),

moments as (

    select
        user_key,
        valid_from as happened_at,
        0 as place_at_once,
        level as step
    from versions
    union all
    select
        user_key,
        cancelled_at as happened_at,
        1 as place_at_once,
        'cancelled' as step
    from cancellations

),

compared as (

    select
        *,
        lag(step) over (
            partition by user_key order by happened_at, place_at_once
        ) as previous_step
    from moments

),

steps as (

    select
        user_key,
        step,
        row_number() over (partition by user_key order by happened_at, place_at_once) as place
    from compared
    where previous_step is null or previous_step <> step

),

paths as (

    select
        user_key,
        {% for place in range(1, longest + 1) %}
            max(case when place = {{ place }} then step end) as step_{{ place }},
        {% endfor %}
        max(place) as steps
    from steps
    group by 1

),

named as (

    select
        user_key,
        {% set parts = ['step_1'] %}
        {% for place in range(2, longest + 1) %}
            {% do parts.append("coalesce(' > ' || step_" ~ place ~ ", '')") %}
        {% endfor %}
        {% do parts.append("case when steps > " ~ longest ~ " then ' > …' else '' end") %}
        {{ dbt.concat(parts) }} as path
    from paths

)

select
    path,
    count(*) as users
from named
group by 1

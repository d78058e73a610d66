with user_days as (

    select
        *,
        {{ days_between('registered_on', 'active_on') }} as age_days
    from {{ ref('int_user_days') }}
    where {{ in_window('active_on') }}

)

select
    active_on,
    coalesce(gender, 'unknown') as gender,
    coalesce(level, 'unknown') as level,
    case
        when age_days is null then 'unknown'
        when age_days < 7 then 'under 7 days'
        when age_days < 30 then '7 to 29 days'
        when age_days < 90 then '30 to 89 days'
        when age_days < 365 then '90 to 364 days'
        else '365 days and more'
    end as account_age,
    coalesce(state, 'unknown') as state,
    count(*) as users,
    {{ total('streams') }} as streams,
    {{ exact_sum('listening_seconds') }} as listening_seconds
from user_days
group by 1, 2, 3, 4, 5

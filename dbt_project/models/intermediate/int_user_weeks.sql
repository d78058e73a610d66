with user_days as (

    select
        *,
        {{ week_of('active_on') }} as active_week
    from {{ ref('int_user_days') }}
    where {{ in_window('active_on') }}

),

weeks as (

    select
        active_week,
        user_key,
        max(case when registered_on is not null then active_on end) as last_known_day
    from user_days
    group by 1, 2

)

select
    weeks.active_week,
    weeks.user_key,
    last_days.registered_on
from weeks
left join user_days as last_days
    on
        weeks.user_key = last_days.user_key
        and weeks.last_known_day = last_days.active_on

{# A listener who was active is so in the daily number for 1 day, in the others for 7 and 28. #}
{% set weekly, monthly = 7, 28 %}

with user_days as (

    select
        active_on,
        user_key,
        lead(active_on) over (partition by user_key order by active_on) as next_active_on
    from {{ ref('int_user_days') }}
    where {{ in_window('active_on', before_hours=24 * (monthly - 1)) }}

),

returns as (

    -- Until the next active day, this one stands for the listener; that counts each only once.
    select
        active_on,
        coalesce(
            least({{ days_between('active_on', 'next_active_on') }}, {{ monthly }}), {{ monthly }}
        ) as days_until_return,
        count(*) as users
    from user_days
    group by 1, 2

),

days_since as (

    {% for days in range(monthly) %}
        select {{ days }} as days_since_active
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

spread as (

    select
        {{ days_later('returns.active_on', 'days_since.days_since_active') }} as active_on,
        days_since.days_since_active,
        returns.users
    from returns
    inner join days_since on returns.days_until_return > days_since.days_since_active

)

select
    active_on,
    {{ total_where('users', 'days_since_active = 0') }} as daily_users,
    {{ total_where('users', 'days_since_active < ' ~ weekly) }} as weekly_users,
    {{ total('users') }} as monthly_users
from spread
where {{ in_window('active_on') }}
group by 1

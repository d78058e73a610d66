{{ config(materialized='table') }}

with days as (

    select distinct calendar_date as active_on
    from {{ ref('dim_datetimes') }}
    where calendar_date is not null

),

active_users as (

    select * from {{ ref('int_active_users') }}

)

select
    days.active_on,
    coalesce(active_users.daily_users, 0) as daily_users,
    coalesce(active_users.weekly_users, 0) as weekly_users,
    coalesce(active_users.monthly_users, 0) as monthly_users,
    {{ ratio('active_users.daily_users', 'active_users.monthly_users') }} as stickiness
from days
left join active_users on days.active_on = active_users.active_on

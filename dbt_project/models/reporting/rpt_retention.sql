{{ config(materialized='table') }}

with user_weeks as (

    select * from {{ ref('int_user_weeks') }}

),

users as (

    select
        user_key,
        {{ week_of('min(registered_on)') }} as registration_week
    from user_weeks
    where registered_on is not null
    group by 1

),

registrations as (

    select
        registration_week,
        count(*) as registered_users
    from users
    group by 1

),

weeks as (

    select distinct active_week from user_weeks

),

activity as (

    select
        users.registration_week,
        user_weeks.active_week,
        count(*) as active_users
    from user_weeks
    inner join users on user_weeks.user_key = users.user_key
    group by 1, 2

),

observed as (

    -- A week that nobody came back in counts too.
    select
        registrations.registration_week,
        cast(
            {{ days_between('registrations.registration_week', 'weeks.active_week') }} / 7
            as {{ dbt.type_bigint() }}
        ) as weeks_since_registration,
        registrations.registered_users,
        coalesce(activity.active_users, 0) as active_users
    from registrations
    inner join weeks on registrations.registration_week <= weeks.active_week
    left join activity
        on
            registrations.registration_week = activity.registration_week
            and weeks.active_week = activity.active_week

)

select
    *,
    {{ ratio('active_users', 'registered_users') }} as retention_rate
from observed

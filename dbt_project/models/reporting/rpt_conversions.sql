with events as (

    select
        *,
        case when event_name = 'page_view_events' then event_type end as page,
        case when event_name = 'status_change_events' then event_type end as plan_change
    from {{ ref('int_events_by_hour') }}
    where {{ in_window('hour_starts_at') }}

),

user_days as (

    select * from {{ ref('int_user_days') }}
    where {{ in_window('active_on') }}

),

steps as (

    select
        {{ day_of('hour_starts_at') }} as occurred_on,
        {{ total_where('events', "page = 'Submit Registration'") }} as registrations,
        {{ total_where('events', "plan_change = 'upgrade'") }} as upgrades,
        {{ total_where('events', "plan_change = 'downgrade'") }} as downgrades,
        {{ total_where('events', "page = 'Cancellation Confirmation'") }} as cancellations
    from events
    group by 1

),

users as (

    select
        active_on,
        {{ count_where("level = 'free'") }} as free_users,
        {{ count_where("level = 'paid'") }} as paid_users
    from user_days
    group by 1

)

select
    steps.occurred_on,
    steps.registrations,
    steps.upgrades,
    steps.downgrades,
    steps.cancellations,
    coalesce(users.free_users, 0) as free_users,
    coalesce(users.paid_users, 0) as paid_users,
    {{ ratio('steps.upgrades', 'users.free_users') }} as conversion_rate,
    {{ ratio('steps.downgrades + steps.cancellations', 'users.paid_users') }} as churn_rate
from steps
left join users on steps.occurred_on = users.active_on

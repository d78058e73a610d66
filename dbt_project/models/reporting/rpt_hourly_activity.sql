{{ config(materialized='table') }}

with hours as (

    select * from {{ ref('dim_datetimes') }}
    where hour_starts_at is not null

),

activity as (

    select * from {{ ref('int_activity_by_hour') }}

)

select
    hours.hour_starts_at,
    coalesce(activity.streams, 0) as streams,
    coalesce(activity.page_views, 0) as page_views,
    coalesce(activity.login_attempts, 0) as login_attempts,
    coalesce(activity.plan_changes, 0) as plan_changes,
    coalesce(activity.player_actions, 0) as player_actions,
    coalesce(activity.sessions, 0) as sessions,
    coalesce(activity.active_users, 0) as active_users
from hours
left join activity on hours.hour_starts_at = activity.hour_starts_at

{{ config(materialized='table') }}

with hours as (

    select * from {{ ref('dim_datetimes') }}
    where hour_starts_at is not null

),

activity as (

    select * from {{ ref('int_activity_by_hour') }}

),

covered as (

    select
        hours.hour_starts_at,
        coalesce(activity.streams, 0) as streams,
        coalesce(activity.page_views, 0) as page_views,
        coalesce(activity.login_attempts, 0) as login_attempts,
        coalesce(activity.plan_changes, 0) as plan_changes,
        coalesce(activity.player_actions, 0) as player_actions,
        coalesce(activity.sessions, 0) as sessions,
        coalesce(activity.active_users, 0) as active_users,
        coalesce(activity.listening_seconds, 0) as listening_seconds
    from hours
    left join activity on hours.hour_starts_at = activity.hour_starts_at

)

select
    covered.*,
    day_before.streams as streams_day_before,
    day_before.active_users as active_users_day_before
from covered
left join covered as day_before
    on covered.hour_starts_at = {{ hours_later('day_before.hour_starts_at', 24) }}

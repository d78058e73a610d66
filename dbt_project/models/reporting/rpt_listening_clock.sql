{{ config(materialized='table') }}

with hours as (

    select * from {{ ref('rpt_hourly_activity') }}

),

calendar as (

    select * from {{ ref('dim_datetimes') }}

)

select
    calendar.weekday,
    calendar.hour_of_day,
    count(*) as hours,
    {{ ratio(total('hours.streams'), 'count(*)') }} as mean_streams,
    {{ ratio(exact_sum('hours.listening_seconds'), 'count(*)') }} as mean_listening_seconds,
    {{ ratio(total('hours.active_users'), 'count(*)') }} as mean_active_users
from hours
inner join calendar on hours.hour_starts_at = calendar.hour_starts_at
group by 1, 2

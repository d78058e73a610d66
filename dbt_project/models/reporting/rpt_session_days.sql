{{ config(materialized='table') }}

with visits as (

    select
        {{ day_of('started_at') }} as started_on,
        location_key,
        level_at_start as level,
        device_key,
        count(*) as sessions,
        {{ count_where('user_key = ' ~ unknown_key()) }} as guest_sessions,
        {{ count_where('streams = 0') }} as sessions_without_streams,
        {{ total('streams') }} as streams,
        {{ exact_sum('length_seconds') }} as length_seconds
    from {{ ref('fct_sessions') }}
    group by 1, 2, 3, 4

),

{{ places_and_devices() }}

select
    visits.started_on,
    locations.state,
    visits.level,
    devices.device_type,
    {{ total('visits.sessions') }} as sessions,
    {{ total('visits.guest_sessions') }} as guest_sessions,
    {{ total('visits.sessions_without_streams') }} as sessions_without_streams,
    {{ total('visits.streams') }} as streams,
    {{ exact_sum('visits.length_seconds') }} as length_seconds
from visits
inner join locations on visits.location_key = locations.location_key
inner join devices on visits.device_key = devices.device_key
group by 1, 2, 3, 4

with activity as (

    select * from {{ ref('int_activity_by_listener') }}
    where streams > 0 and {{ in_window('hour_starts_at') }}

),

combined as (

    -- The dimensions are met by few combinations of their keys, not by each listener.
    select
        hour_starts_at,
        location_key,
        level,
        device_key,
        {{ total('streams') }} as streams,
        {{ total_where('streams', 'user_key = ' ~ unknown_key()) }} as guest_streams,
        {{ total('qualified_streams') }} as qualified_streams,
        {{ total('skipped_streams') }} as skips,
        {{ total('completed_streams') }} as completions,
        {{ exact_sum('listening_seconds') }} as listening_seconds
    from activity
    group by 1, 2, 3, 4

),

{{ places_and_devices() }}

select
    combined.hour_starts_at,
    locations.state,
    combined.level,
    devices.device_type,
    {{ total('combined.streams') }} as streams,
    {{ total('combined.guest_streams') }} as guest_streams,
    {{ total('combined.qualified_streams') }} as qualified_streams,
    {{ total('combined.skips') }} as skips,
    {{ total('combined.completions') }} as completions,
    {{ exact_sum('combined.listening_seconds') }} as listening_seconds
from combined
inner join locations on combined.location_key = locations.location_key
inner join devices on combined.device_key = devices.device_key
group by 1, 2, 3, 4

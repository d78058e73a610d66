with activity as (

    select
        *,
        {{ day_of('hour_starts_at') }} as active_on
    from {{ ref('int_activity_by_listener') }}
    where user_key <> {{ unknown_key() }} and {{ in_window('hour_starts_at') }}

),

with_plan as (

    select
        active_on,
        user_key,
        location_key,
        level,
        device_key,
        {{ total('streams') }} as streams,
        {{ total('qualified_streams') }} as qualified_streams,
        {{ total('skipped_streams') }} as skips,
        {{ total('completed_streams') }} as completions,
        {{ exact_sum('listening_seconds') }} as listening_seconds
    from activity
    where level is not null
    group by 1, 2, 3, 4, 5

),

known_days as (

    select distinct
        active_on,
        user_key
    from with_plan

),

at_the_player_only as (

    -- The player tells neither state nor plan: it counts where nothing else is known of the day.
    select distinct
        activity.active_on,
        activity.user_key,
        activity.location_key,
        activity.device_key
    from activity
    left join known_days
        on
            activity.active_on = known_days.active_on
            and activity.user_key = known_days.user_key
    where activity.level is null and known_days.user_key is null

),

listeners as (

    select * from with_plan
    union all
    select
        active_on,
        user_key,
        location_key,
        'unknown' as level,
        device_key,
        0 as streams,
        0 as qualified_streams,
        0 as skips,
        0 as completions,
        0 as listening_seconds
    from at_the_player_only

),

{{ places_and_devices() }}

select
    listeners.active_on,
    {{ key_number('listeners.user_key') }} as listener_number,
    locations.state,
    listeners.level,
    devices.device_type,
    {{ total('listeners.streams') }} as streams,
    {{ total('listeners.qualified_streams') }} as qualified_streams,
    {{ total('listeners.skips') }} as skips,
    {{ total('listeners.completions') }} as completions,
    {{ exact_sum('listeners.listening_seconds') }} as listening_seconds
from listeners
inner join locations on listeners.location_key = locations.location_key
inner join devices on listeners.device_key = devices.device_key
group by 1, 2, 3, 4, 5

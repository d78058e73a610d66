with activity as (

    select
        *,
        {{ day_of('hour_starts_at') }} as occurred_on
    from {{ ref('int_activity_by_listener') }}
    where (streams > 0 or page_views > 0) and {{ in_window('hour_starts_at') }}

),

locations as (

    {{ states_by_location() }}

)

select
    activity.occurred_on,
    locations.state,
    {{ total('activity.streams') }} as streams,
    count(distinct case
        when activity.streams > 0 then nullif(activity.user_key, {{ unknown_key() }})
    end) as listeners,
    {{ total_where('activity.streams', 'activity.user_key = ' ~ unknown_key()) }} as guest_streams,
    {{ exact_sum('activity.listening_seconds') }} as listening_seconds,
    {{ total('activity.page_views') }} as page_views
from activity
inner join locations on activity.location_key = locations.location_key
group by 1, 2

with events as (

    select * from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at') }}

),

places as (

    select
        {{ hour_of('occurred_at') }} as seen_hour,
        city,
        state,
        max(home_region) as home_region
    from events
    group by 1, 2, 3

)

select
    seen_hour,
    {{ location_key('city', 'state') }} as location_key,
    city,
    state,
    home_region
from places

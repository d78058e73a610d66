with events as (

    select * from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at') }}

),

places as (

    select distinct
        {{ hour_of('occurred_at') }} as seen_hour,
        city,
        state
    from events

)

select
    seen_hour,
    {{ location_key('city', 'state') }} as location_key,
    city,
    state
from places

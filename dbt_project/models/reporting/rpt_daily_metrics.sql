with actions as (

    select
        *,
        {{ day_of('acted_at') }} as acted_on
    from {{ ref('fct_player_events') }}
    where {{ in_window('acted_at') }}

)

select
    acted_on,
    event_type,
    coalesce(country, 'unknown') as country,
    coalesce(region, 'unknown') as region,
    count(*) as events,
    count(distinct user_key) as users,
    count(distinct session_id) as sessions
from actions
group by 1, 2, 3, 4

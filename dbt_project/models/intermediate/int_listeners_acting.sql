with actions as (

    select * from {{ ref('int_app_events_unioned') }}
    where
        user_id is not null
        and {{ in_window('occurred_at') }}

),

listeners as (

    select
        user_id,
        {{ hour_of('occurred_at') }} as hour_starts_at,
        min(occurred_at) as first_acted_at
    from actions
    group by 1, 2

)

select
    hour_starts_at,
    {{ pseudonym('user_id') }} as user_key,
    first_acted_at
from listeners

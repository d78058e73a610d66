with actions as (

    select * from {{ ref('stg_eventsim__music_events') }}
    where {{ in_window('acted_at') }}

),

listeners as (

    select
        user_id,
        {{ hour_of('acted_at') }} as hour_starts_at,
        min(acted_at) as first_acted_at
    from actions
    group by 1, 2

)

select
    hour_starts_at,
    {{ pseudonym('user_id') }} as user_key,
    first_acted_at
from listeners

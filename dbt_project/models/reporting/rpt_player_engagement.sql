with actions as (

    select * from {{ ref('fct_player_events') }}
    where {{ in_window('acted_at') }}

),

devices as (

    select * from {{ ref('dim_devices') }}

),

counted as (

    select
        {{ hour_of('actions.acted_at') }} as hour_starts_at,
        devices.device_type,
        coalesce(actions.country, 'unknown') as country,
        count(*) as events,
        {{ count_where("actions.event_type = 'play'") }} as plays,
        {{ count_where("actions.event_type = 'skip'") }} as skips,
        {{ count_where("actions.event_type = 'add_to_playlist'") }} as playlist_additions,
        count(distinct actions.user_key) as users,
        count(distinct actions.session_id) as sessions
    from actions
    inner join devices on actions.device_key = devices.device_key
    group by 1, 2, 3

)

select
    *,
    {{ ratio('skips', 'plays') }} as skip_rate
from counted

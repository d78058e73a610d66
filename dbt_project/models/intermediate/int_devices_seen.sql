with session_events as (

    select * from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at') }}

),

actions as (

    select * from {{ ref('stg_eventsim__music_events') }}
    where {{ in_window('acted_at') }}

),

devices as (

    select distinct
        {{ hour_of('occurred_at') }} as seen_hour,
        device_type,
        operating_system,
        browser
    from session_events
    union distinct
    select distinct
        {{ hour_of('acted_at') }} as seen_hour,
        device_type,
        cast(null as {{ dbt.type_string() }}) as operating_system,
        cast(null as {{ dbt.type_string() }}) as browser
    from actions

)

select
    seen_hour,
    {{ device_key('device_type', 'operating_system', 'browser') }} as device_key,
    device_type,
    operating_system,
    browser
from devices

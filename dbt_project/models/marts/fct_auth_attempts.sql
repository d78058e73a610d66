{{ config(materialized='incremental') }}

with attempts as (

    select * from {{ ref('stg_eventsim__auth_events') }}
    where {{ in_window('attempted_at') }}

)

select
    ---------- keys
    event_key as auth_attempt_key,
    {{ pseudonym('user_id') }} as user_key,
    {{ location_key('city', 'state') }} as location_key,
    {{ device_key('device_type', 'operating_system', 'browser') }} as device_key,
    {{ hour_key('attempted_at') }} as hour_key,

    ---------- the attempt
    session_id,
    item_in_session,
    level,
    is_success,
    attempted_at
from attempts

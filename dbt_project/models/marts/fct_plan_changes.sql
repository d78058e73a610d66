{{ config(materialized='incremental') }}

with plan_changes as (

    select * from {{ ref('stg_eventsim__status_change_events') }}
    where {{ in_window('changed_at') }}

)

select
    ---------- keys
    event_key as plan_change_key,
    {{ pseudonym('user_id') }} as user_key,
    {{ location_key('city', 'state') }} as location_key,
    {{ device_key('device_type', 'operating_system', 'browser') }} as device_key,
    {{ hour_key('changed_at') }} as hour_key,

    ---------- the change
    session_id,
    item_in_session,
    previous_level as level,
    previous_level,
    case previous_level when 'free' then 'paid' else 'free' end as new_level,
    case previous_level when 'free' then 'upgrade' else 'downgrade' end as change,
    changed_at
from plan_changes

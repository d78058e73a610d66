with source as (

    select * from {{ source('raw', 'status_change_events') }}

)

select
    ---------- ids
    {{ event_key('event_id', 'occurred_at') }} as event_key,
    event_id,
    session_id,
    item_in_session,
    user_id,

    ---------- the listener
    level as previous_level,
    auth,
    {{ presence('first_name') }} as first_name,
    {{ presence('last_name') }} as last_name,
    {{ presence('gender') }} as gender,
    {{ presence('tag') }} as test_group,
    {{ presence('city') }} as city,
    {{ presence('state') }} as state,
    {{ presence('zip') }} as zip,
    latitude,
    longitude,
    {{ presence(unquoted('user_agent')) }} as user_agent,

    ---------- timestamps
    occurred_at as changed_at,
    registered_at,
    landed_at,

    ---------- provenance
    unknown_fields,
    kafka_topic,
    kafka_partition,
    kafka_offset
from source

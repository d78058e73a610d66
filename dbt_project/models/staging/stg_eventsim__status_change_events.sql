with source as (

    select * from {{ source('raw', 'status_change_events') }}
    where {{ in_any_partition('occurred_at') }}

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
    {{ listener_columns() }},

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

with source as (

    select * from {{ source('raw', 'auth_events') }}
    where {{ in_any_partition('occurred_at') }}

)

select
    ---------- ids
    {{ event_key('event_id', 'occurred_at') }} as event_key,
    event_id,
    session_id,
    item_in_session,
    user_id,

    ---------- the attempt
    is_success,

    ---------- the listener
    level,
    auth,
    {{ listener_columns() }},

    ---------- timestamps
    occurred_at as attempted_at,
    registered_at,
    landed_at,

    ---------- provenance
    unknown_fields,
    kafka_topic,
    kafka_partition,
    kafka_offset
from source

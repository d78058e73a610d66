with events as (

    select
        *,
        case when user_id is null then session_id end as guest_session_id
    from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at', before_hours=1) }}

),

preceded as (

    -- A listener is a user, or a guest, who is known by the session alone. Of several events at
    -- one moment the first can begin a visit, the others follow it at once.
    select
        user_id,
        session_id,
        occurred_at,
        lag(occurred_at) over (
            partition by user_id, guest_session_id order by occurred_at, session_id
        ) as previous_event_at
    from events

)

select
    {{ pseudonym('user_id') }} as user_key,
    session_id,
    occurred_at as visit_started_at
from preceded
where
    (
        previous_event_at is null
        or {{ seconds_between('previous_event_at', 'occurred_at') }} > 1800
    )
    and {{ in_window('occurred_at') }}

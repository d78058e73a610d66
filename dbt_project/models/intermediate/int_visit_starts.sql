with events as (

    select
        *,
        case when user_id is null then session_id end as guest_session_id
    from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at', before_hours=1) }}

),

moments as (

    -- A listener is a user, or a guest, who is known by the session alone.
    select
        user_id,
        guest_session_id,
        occurred_at,
        min(session_id) as session_id
    from events
    group by 1, 2, 3

),

preceded as (

    select
        *,
        lag(occurred_at) over (
            partition by user_id, guest_session_id order by occurred_at
        ) as previous_event_at
    from moments

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

with half_hours as (

    -- No two events of one half hour are more than 30 minutes apart: what a visit can begin with
    -- is the first of them in its session.
    select
        user_id,
        session_id,
        cast(
            floor({{ epoch_milliseconds('occurred_at') }} / 1800000.0) as {{ dbt.type_bigint() }}
        ) as half_hour,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at
    from {{ ref('int_session_events_unioned') }}
    where {{ in_window('occurred_at', before_hours=1) }}
    group by 1, 2, 3

),

listeners as (

    -- A listener is a user, or a guest, who is known by the session alone.
    select
        *,
        case when user_id is null then session_id end as guest_session_id
    from half_hours

),

preceded as (

    -- Of several events at one moment the first can begin a visit, the others follow it at once.
    select
        user_id,
        session_id,
        first_event_at,
        max(last_event_at) over (
            partition by user_id, guest_session_id
            order by first_event_at asc, session_id asc, half_hour asc
            rows between unbounded preceding and 1 preceding
        ) as previous_event_at
    from listeners

)

select
    {{ pseudonym('user_id') }} as user_key,
    session_id,
    first_event_at as visit_started_at
from preceded
where
    (
        previous_event_at is null
        or {{ seconds_between('previous_event_at', 'first_event_at') }} > 1800
    )
    and {{ in_window('first_event_at') }}

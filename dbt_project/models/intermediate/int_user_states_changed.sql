with events as (

    select * from {{ ref('int_session_events_unioned') }}
    where user_id is not null and {{ in_window('occurred_at') }}

),

states as (

    select
        user_id,
        session_id,
        item_in_session,
        level,
        gender,
        test_group,
        {{ location_key('city', 'state') }} as location_key,
        {{ day_of('registered_at') }} as registered_on,
        occurred_at as changed_at,
        {{ hour_of('occurred_at') }} as changed_hour
    from events

),

fingerprinted as (

    select
        *,
        {{
            surrogate_key(['level', 'gender', 'test_group', 'location_key', 'registered_on'])
        }} as state_key
    from states

),

compared as (

    -- By hour, so that an hour's rows depend on nothing outside it. The order is total: rows
    -- that tie in all of it are in the same state.
    select
        *,
        lag(state_key) over (
            partition by user_id, changed_hour
            order by changed_at, session_id, item_in_session, state_key
        ) as previous_state_key
    from fingerprinted

)

select
    {{ pseudonym('user_id') }} as user_key,
    session_id,
    item_in_session,
    state_key,
    level,
    gender,
    test_group,
    location_key,
    registered_on,
    changed_at
from compared
where previous_state_key is null or previous_state_key <> state_key

with events as (

    select
        *,
        {{ hour_of('occurred_at') }} as occurred_hour
    from {{ ref('int_session_events_unioned') }}
    where user_id is not null and {{ in_window('occurred_at') }}

),

sights as (

    -- Read apart from the events themselves, of which only the restless listeners' are kept.
    select
        user_id,
        {{ hour_of('occurred_at') }} as occurred_hour,
        level,
        gender,
        test_group,
        city,
        state,
        registered_at,
        min(session_id) as session_id,
        min(item_in_session) as item_in_session,
        min(occurred_at) as occurred_at
    from {{ ref('int_session_events_unioned') }}
    where user_id is not null and {{ in_window('occurred_at') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8

),

counted as (

    select
        *,
        count(*) over (partition by user_id, occurred_hour) as sights_of_hour
    from sights

),

restless as (

    select distinct
        user_id,
        occurred_hour
    from counted
    where sights_of_hour > 1

),

telling as (

    -- Most listeners are in one state all the hour: of these the first sight tells all.
    select
        user_id,
        occurred_hour,
        session_id,
        item_in_session,
        level,
        gender,
        test_group,
        city,
        state,
        registered_at,
        occurred_at
    from counted
    where sights_of_hour = 1
    union all
    select
        events.user_id,
        events.occurred_hour,
        events.session_id,
        events.item_in_session,
        events.level,
        events.gender,
        events.test_group,
        events.city,
        events.state,
        events.registered_at,
        events.occurred_at
    from events
    inner join restless
        on
            events.user_id = restless.user_id
            and events.occurred_hour = restless.occurred_hour

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
        occurred_hour as changed_hour
    from telling

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

with states as (

    select * from {{ ref('int_user_states_changed') }}

),

ordered as (

    select
        *,
        lead(changed_at) over (
            partition by user_key
            order by changed_at, session_id, item_in_session, state_key
        ) as next_changed_at
    from states

),

moments as (

    -- One state a millisecond: the last one of it.
    select
        *,
        lag(level) over (partition by user_key order by changed_at) as previous_level
    from ordered
    where next_changed_at is null or next_changed_at > changed_at

),

latest as (

    select * from moments
    where next_changed_at is null

),

level_changes as (

    select
        user_key,
        level,
        changed_at as valid_from,
        lead(changed_at) over (partition by user_key order by changed_at) as valid_to
    from moments
    where previous_level is null or previous_level <> level

),

versions as (

    select
        {{
            surrogate_key(['level_changes.user_key', epoch_milliseconds('level_changes.valid_from')])
        }} as user_version_key,
        level_changes.user_key,
        level_changes.level,
        latest.gender,
        latest.test_group,
        latest.location_key,
        latest.registered_on,
        level_changes.valid_from,
        level_changes.valid_to,
        level_changes.valid_to is null as is_current
    from level_changes
    inner join latest on level_changes.user_key = latest.user_key

),

unknown as (

    select
        {{ unknown_key() }} as user_version_key,
        {{ unknown_key() }} as user_key,
        'unknown' as level,
        cast(null as {{ dbt.type_string() }}) as gender,
        cast(null as {{ dbt.type_string() }}) as test_group,
        {{ unknown_key() }} as location_key,
        cast(null as date) as registered_on,
        {{ beginning_of_time() }} as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to,
        true as is_current

)

select * from versions
union all
select * from unknown

{{
    config(
        materialized='incremental',
        incremental_strategy='replace_touched',
        unique_key='user_key',
    )
}}

{% set states_by_hour = ref('int_user_states_changed') %}
{% set acting_by_hour = ref('int_listeners_acting') %}
{% set sights_by_hour = [(states_by_hour, 'changed_at'), (acting_by_hour, 'first_acted_at')] %}

with states as (

    select * from {{ states_by_hour }}
    where {{ is_touched('user_key', sights_by_hour) }}

),

acting as (

    select * from {{ acting_by_hour }}
    where {{ is_touched('user_key', sights_by_hour) }}

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
        changed_at,
        previous_level is null as is_first,
        lead(changed_at) over (partition by user_key order by changed_at) as valid_to
    from moments
    where previous_level is null or previous_level <> level

),

sights as (

    select
        user_key,
        changed_at as seen_at
    from states
    union all
    select
        user_key,
        first_acted_at as seen_at
    from acting

),

listeners as (

    select
        user_key,
        min(seen_at) as first_seen_at
    from sights
    group by 1

),

versions as (

    -- The first version begins with the first sight, so that each event of a listener meets one;
    -- of who was only seen at the player, no plan is known.
    select
        listeners.user_key,
        coalesce(level_changes.level, 'unknown') as level,
        latest.gender,
        latest.test_group,
        coalesce(latest.location_key, {{ unknown_key() }}) as location_key,
        latest.registered_on,
        {{ hour_of('latest.changed_at') }} as last_seen_hour,
        case
            when coalesce(level_changes.is_first, true) then listeners.first_seen_at
            else level_changes.changed_at
        end as valid_from,
        level_changes.valid_to
    from listeners
    left join level_changes on listeners.user_key = level_changes.user_key
    left join latest on listeners.user_key = latest.user_key

),

keyed as (

    select
        {{ surrogate_key(['user_key', epoch_milliseconds('valid_from')]) }} as user_version_key,
        user_key,
        level,
        gender,
        test_group,
        location_key,
        registered_on,
        last_seen_hour,
        valid_from,
        valid_to,
        valid_to is null as is_current
    from versions

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
        cast(null as {{ dbt.type_timestamp() }}) as last_seen_hour,
        {{ beginning_of_time() }} as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to,
        true as is_current

)

select * from keyed
union all
select * from unknown

{{ config(materialized='table') }}

with given as (

    select * from {{ ref('fct_sessions') }}

),

rebuilt as (

    select * from {{ ref('int_visit_starts') }}

),

starts as (

    select
        session_id,
        started_at,
        1 as given_sessions,
        0 as rebuilt_sessions
    from given
    union all
    select
        session_id,
        visit_started_at as started_at,
        0 as given_sessions,
        1 as rebuilt_sessions
    from rebuilt

),

moments as (

    select
        session_id,
        started_at,
        {{ total('given_sessions') }} as given_sessions,
        {{ total('rebuilt_sessions') }} as rebuilt_sessions
    from starts
    group by 1, 2

),

counted as (

    select
        {{ day_of('started_at') }} as started_on,
        {{ total('given_sessions') }} as given_sessions,
        {{ total('rebuilt_sessions') }} as rebuilt_sessions,
        {{ total('least(given_sessions, rebuilt_sessions)') }} as agreeing_sessions
    from moments
    group by 1

)

select
    *,
    {{ ratio('agreeing_sessions', 'given_sessions') }} as agreement_rate
from counted

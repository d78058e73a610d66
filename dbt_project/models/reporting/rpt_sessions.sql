{{ config(materialized='table') }}

with visits as (

    select
        *,
        {{ day_of('started_at') }} as started_on
    from {{ ref('fct_sessions') }}

),

by_length as (

    select
        *,
        row_number() over (partition by started_on order by length_seconds) as place,
        count(*) over (partition by started_on) as visits_of_day
    from visits

),

counted as (

    select
        started_on,
        count(*) as sessions,
        count(distinct nullif(user_key, {{ unknown_key() }})) as users,
        {{ count_where('user_key <> ' ~ unknown_key()) }} as sessions_of_users,
        {{ exact_sum('length_seconds') }} as length_seconds,
        -- The one in the middle, or the two.
        avg(
            case when 2 * place between visits_of_day and visits_of_day + 2 then length_seconds end
        ) as median_length_seconds,
        {{ total('streams') }} as streams,
        {{ count_where('streams = 0') }} as sessions_without_streams
    from by_length
    group by 1

)

select
    started_on,
    sessions,
    users,
    {{ ratio('sessions_of_users', 'users') }} as sessions_per_user,
    {{ ratio('length_seconds', 'sessions') }} as mean_length_seconds,
    median_length_seconds,
    {{ ratio('streams', 'sessions') }} as mean_streams,
    sessions_without_streams
from counted

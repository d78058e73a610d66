with user_days as (

    select * from {{ ref('int_user_days') }}
    where {{ in_window('active_on') }}

),

counted as (

    select
        active_on,
        coalesce(test_group, 'none') as test_group,
        count(*) as users,
        {{ total('streams') }} as streams,
        {{ total('qualified_streams') }} as qualified_streams,
        {{ total('skipped_streams') }} as skipped_streams,
        {{ exact_sum('listening_seconds') }} as listening_seconds,
        {{ total('upgrades') }} as upgrades,
        {{ total('downgrades') }} as downgrades
    from user_days
    group by 1, 2

)

select
    active_on,
    test_group,
    users,
    streams,
    qualified_streams,
    listening_seconds,
    {{ ratio('skipped_streams', 'streams') }} as skip_rate,
    {{ ratio('streams', 'users') }} as streams_per_user,
    upgrades,
    downgrades
from counted

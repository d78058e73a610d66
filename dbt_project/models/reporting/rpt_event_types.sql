{{ config(materialized='table') }}

with hours as (

    select * from {{ ref('int_events_by_hour') }}

),

daily_events as (

    select
        {{ day_of('hour_starts_at') }} as occurred_on,
        event_name,
        event_type,
        {{ total('events') }} as events
    from hours
    group by 1, 2, 3

),

covered as (

    select min(occurred_on) as first_day from daily_events

),

numbered as (

    select
        daily_events.*,
        {{ days_between('covered.first_day', 'daily_events.occurred_on') }} as day_number
    from daily_events
    cross join covered

),

compared as (

    -- A day on which the type did not occur has no row, and counts as zero.
    select
        *,
        sum(events) over (partition by occurred_on, event_name) as events_of_topic,
        sum(events) over (
            partition by event_name, event_type
            order by day_number
            range between 1 preceding and 1 preceding
        ) as events_before,
        sum(events) over (
            partition by event_name, event_type
            order by day_number
            range between 6 preceding and current row
        ) as events_7_days
    from numbered

)

select
    occurred_on,
    event_name,
    event_type,
    events,
    {{ ratio('events', 'events_of_topic') }} as share_of_topic,
    case
        when day_number > 0 then cast(coalesce(events_before, 0) as {{ dbt.type_bigint() }})
    end as events_day_before,
    {{ ratio('events_7_days', 'least(7, day_number + 1)') }} as mean_events_7_days
from compared

{# Each visit of the hours that this run rebuilt stands in the model, with all of its events. #}
{% test has_every_session(model) %}
with visits as (

    select
        session_id,
        sum(events) as events
    from {{ ref('int_session_hours') }}
    group by 1
    having
        max(hour_starts_at) is not null
        and max(case when {{ between_bounds('hour_starts_at', window({})) }} then 1 else 0 end) = 1

),

ours as (

    select * from {{ ref('fct_sessions') }}

)

select
    visits.session_id,
    visits.events,
    ours.events as our_events
from visits
left join ours on visits.session_id = ours.session_id
where coalesce(visits.events <> ours.events, true)
{% endtest %}

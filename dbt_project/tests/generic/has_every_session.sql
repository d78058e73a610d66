{# Each visit with an event in the hours that this run rebuilt is there, with all of its events. #}
{% test has_every_session(model) %}
{% set session_hours = ref('int_session_hours') %}

with visits as (

    select
        session_id,
        sum(events) as events
    from {{ session_hours }}
    where session_id in (
        select rebuilt.session_id from {{ session_hours }} as rebuilt
        where {{ between_bounds('rebuilt.hour_starts_at', tested_window()) }}
    )
    group by 1

),

ours as (

    -- Not the tested relation, which holds the visits that began in the window only.
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

with streams as (

    select * from {{ ref('fct_streams') }}
    where {{ in_window('listened_at') }}

),

page_views as (

    select * from {{ ref('fct_page_views') }}
    where {{ in_window('viewed_at') }}

),

locations as (

    -- Of what is not known, reporting speaks with one word.
    select
        location_key,
        case when state = 'Unknown state' then 'unknown' else state end as state
    from {{ ref('dim_locations') }}

),

actions as (

    select
        {{ day_of('listened_at') }} as occurred_on,
        location_key,
        user_key,
        1 as streams,
        0 as page_views,
        listening_seconds
    from streams
    union all
    select
        {{ day_of('viewed_at') }} as occurred_on,
        location_key,
        user_key,
        0 as streams,
        1 as page_views,
        0 as listening_seconds
    from page_views

)

select
    actions.occurred_on,
    locations.state,
    {{ total('actions.streams') }} as streams,
    count(distinct case
        when actions.streams = 1 then nullif(actions.user_key, {{ unknown_key() }})
    end) as listeners,
    {{ total_where('actions.streams', 'actions.user_key = ' ~ unknown_key()) }} as guest_streams,
    {{ exact_sum('actions.listening_seconds') }} as listening_seconds,
    {{ total('actions.page_views') }} as page_views
from actions
inner join locations on actions.location_key = locations.location_key
group by 1, 2

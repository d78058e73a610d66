with places as (

    select * from {{ ref('int_locations_seen') }}
    where location_key <> {{ unknown_key() }}

),

locations as (

    select
        location_key,
        coalesce(city, 'Unknown city') as city,
        coalesce(state, 'Unknown state') as state,
        coalesce(max(home_region), 'Unknown region') as home_region
    from places
    group by 1, 2, 3

),

unknown as (

    select
        {{ unknown_key() }} as location_key,
        'Unknown city' as city,
        'Unknown state' as state,
        'Unknown region' as home_region

)

select * from locations
union all
select * from unknown

with places as (

    select * from {{ ref('int_locations_seen') }}
    where location_key <> {{ unknown_key() }}

),

locations as (

    select distinct
        location_key,
        coalesce(city, 'Unknown city') as city,
        coalesce(state, 'Unknown state') as state
    from places

),

unknown as (

    select
        {{ unknown_key() }} as location_key,
        'Unknown city' as city,
        'Unknown state' as state

)

select * from locations
union all
select * from unknown

with seen as (

    select * from {{ ref('int_devices_seen') }}
    where device_key <> {{ unknown_key() }}

),

devices as (

    select distinct
        device_key,
        coalesce(device_type, 'Unknown') as device_type,
        coalesce(operating_system, 'Unknown') as operating_system,
        coalesce(browser, 'Unknown') as browser
    from seen

),

unknown as (

    select
        {{ unknown_key() }} as device_key,
        'Unknown' as device_type,
        'Unknown' as operating_system,
        'Unknown' as browser

)

select * from devices
union all
select * from unknown

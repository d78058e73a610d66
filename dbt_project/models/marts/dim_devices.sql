with seen as (

    select * from {{ ref('int_devices_seen') }}
    where device_key <> {{ unknown_key() }}

),

devices as (

    select distinct
        device_key,
        coalesce(device_type, 'unknown') as device_type,
        coalesce(operating_system, 'unknown') as operating_system,
        coalesce(browser, 'unknown') as browser
    from seen

),

unknown as (

    select
        {{ unknown_key() }} as device_key,
        'unknown' as device_type,
        'unknown' as operating_system,
        'unknown' as browser

)

select * from devices
union all
select * from unknown

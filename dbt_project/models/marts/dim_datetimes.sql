with hours_with_events as (

    select * from {{ ref('int_activity_by_hour') }}

),

covered as (

    select
        min(hour_starts_at) as first_hour,
        max(hour_starts_at) as last_hour
    from hours_with_events

),

spine as (

    select hour_starts_at
    from covered
    cross join {{ hours_through('first_hour', 'last_hour', 'hour_starts_at') }}

),

calendar as (

    select
        {{ hour_key('hour_starts_at') }} as hour_key,
        hour_starts_at,
        {{ day_of('hour_starts_at') }} as calendar_date,
        cast(extract(hour from hour_starts_at) as {{ dbt.type_bigint() }}) as hour_of_day,
        {{ iso_weekday('hour_starts_at') }} as weekday,
        {{ iso_week('hour_starts_at') }} as iso_week,
        cast(extract(isoyear from hour_starts_at) as {{ dbt.type_bigint() }}) as iso_year,
        cast(extract(month from hour_starts_at) as {{ dbt.type_bigint() }}) as calendar_month,
        cast(extract(quarter from hour_starts_at) as {{ dbt.type_bigint() }}) as calendar_quarter,
        cast(extract(year from hour_starts_at) as {{ dbt.type_bigint() }}) as calendar_year
    from spine

),

hours as (

    select
        *,
        case weekday
            when 1 then 'Monday'
            when 2 then 'Tuesday'
            when 3 then 'Wednesday'
            when 4 then 'Thursday'
            when 5 then 'Friday'
            when 6 then 'Saturday'
            else 'Sunday'
        end as weekday_name,
        weekday >= 6 as is_weekend
    from calendar

),

unknown as (

    select
        0 as hour_key,
        cast(null as {{ dbt.type_timestamp() }}) as hour_starts_at,
        cast(null as date) as calendar_date,
        cast(null as {{ dbt.type_bigint() }}) as hour_of_day,
        cast(null as {{ dbt.type_bigint() }}) as weekday,
        cast(null as {{ dbt.type_bigint() }}) as iso_week,
        cast(null as {{ dbt.type_bigint() }}) as iso_year,
        cast(null as {{ dbt.type_bigint() }}) as calendar_month,
        cast(null as {{ dbt.type_bigint() }}) as calendar_quarter,
        cast(null as {{ dbt.type_bigint() }}) as calendar_year,
        'Unknown' as weekday_name,
        cast(null as {{ dbt.type_boolean() }}) as is_weekend

)

select * from hours
union all
select * from unknown

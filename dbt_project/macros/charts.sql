{#
    The hundred most played things of each day and ISO week, from a table of their plays by day.

    `key` and `names` are its columns, `rank` the name of the place. Of equals the first by name,
    then by key, comes first. Something is called what it was called on the last day of the period
    that it was played on. Reads one week before the window: a place moves against the period
    before.
#}
{% macro chart(plays, key, names, rank) %}
with daily_plays as (

    select * from {{ plays }}
    where {{ in_window('listened_on', before_hours=7 * 24) }}

),

period_plays as (

    select
        'day' as period,
        listened_on as period_starts_on,
        {{ key }},
        plays,
        listened_on
    from daily_plays
    union all
    select
        'week' as period,
        {{ week_of('listened_on') }} as period_starts_on,
        {{ key }},
        plays,
        listened_on
    from daily_plays

),

totals as (

    select
        period,
        period_starts_on,
        {{ key }},
        {{ total('plays') }} as plays,
        max(listened_on) as last_listened_on
    from period_plays
    group by 1, 2, 3

),

ranked as (

    select
        totals.period,
        totals.period_starts_on,
        row_number() over (
            partition by totals.period, totals.period_starts_on
            order by
                totals.plays desc,
                {% for name in names %}
                    daily_plays.{{ name }} asc,
                {% endfor %}
                totals.{{ key }} asc
        ) as {{ rank }},
        totals.{{ key }},
        {% for name in names %}
            daily_plays.{{ name }},
        {% endfor %}
        totals.plays,
        case totals.period
            when 'day' then {{ days_later('totals.period_starts_on', -1) }}
            else {{ days_later('totals.period_starts_on', -7) }}
        end as previous_starts_on
    from totals
    inner join daily_plays
        on
            totals.{{ key }} = daily_plays.{{ key }}
            and totals.last_listened_on = daily_plays.listened_on

),

places as (

    select * from ranked
    where {{ rank }} <= 100

)

select
    places.period,
    places.period_starts_on,
    places.{{ rank }},
    places.{{ key }},
    {% for name in names %}
        places.{{ name }},
    {% endfor %}
    places.plays,
    before_it.{{ rank }} as previous_rank,
    before_it.{{ rank }} - places.{{ rank }} as rank_movement,
    before_it.{{ rank }} is null as is_entry
from places
left join places as before_it
    on
        places.{{ key }} = before_it.{{ key }}
        and places.period = before_it.period
        and places.previous_starts_on = before_it.period_starts_on
where {{ in_window('places.period_starts_on') }}
{% endmacro %}

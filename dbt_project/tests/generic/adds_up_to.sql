{#
    The column counts each row of the relation that it is made of once, in what this run rebuilt.
    `happened_at` is the time column of that relation, `counted` says which of its rows count.
#}
{% test adds_up_to(model, column_name, of, happened_at, counted='true') %}
with ours as (

    select coalesce(sum({{ column_name }}), 0) as row_count from {{ model }}

),

theirs as (

    select count(*) as row_count from {{ of }}
    where {{ counted }} and {{ between_bounds(happened_at, tested_window()) }}

)

select
    ours.row_count,
    theirs.row_count as expected_row_count
from ours
cross join theirs
where ours.row_count <> theirs.row_count
{% endtest %}

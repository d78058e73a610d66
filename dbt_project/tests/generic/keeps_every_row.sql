{#
    The model has as many rows as the relation it is made of, in the hours that this run rebuilt.
    `happened_at` is the time column of that relation.
#}
{% test keeps_every_row(model, of, happened_at) %}
with ours as (

    select count(*) as row_count from {{ model }}

),

theirs as (

    select count(*) as row_count from {{ of }}
    where {{ between_bounds(happened_at, tested_window()) }}
        and {{ in_any_partition(happened_at) }}

)

select
    ours.row_count,
    theirs.row_count as expected_row_count
from ours
cross join theirs
where ours.row_count <> theirs.row_count
{% endtest %}

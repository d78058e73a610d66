{# Each of `columns` is a share of a whole: from 0 to 1, or null. #}
{% test are_shares(model, columns) %}
select * from {{ model }}
where
    {% for column in columns %}
        {{ column }} not between 0 and 1
        {{ 'or' if not loop.last }}
    {% endfor %}
{% endtest %}

{#
    Tests look at what this run rebuilt: their cost must not grow with history.
    It holds for models that name an `event_time`; the others are small and looked at as a whole.
#}
{% macro default__get_where_subquery(relation) %}
    {% set conditions = [] %}
    {% if config.get('where') %}
        {% do conditions.append(config.get('where')) %}
    {% endif %}
    {% set tested = graph.nodes.get(model.attached_node) if execute else none %}
    {% if tested and tested.config.event_time %}
        {% set bounds = window(tested.config.meta.get('reach', {})) %}
        {% if bounds is not none %}
            {% do conditions.append(between_bounds(tested.config.event_time, bounds)) %}
        {% endif %}
    {% endif %}
    {% if not conditions %}
        {{ return(relation) }}
    {% endif %}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as tested') }}
{% endmacro %}

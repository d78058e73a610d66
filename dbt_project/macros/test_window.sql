{#
    Tests look at what this run rebuilt: their cost must not grow with history.
    It holds for models that name an `event_time`; the others are small and looked at as a whole.
#}
{% macro default__get_where_subquery(relation) %}
    {% set conditions = [] %}
    {% if config.get('where') %}
        {% do conditions.append(config.get('where')) %}
    {% endif %}
    {% set bounds = tested_window() %}
    {% if bounds is not none %}
        {% set tested = graph.nodes[model.attached_node] %}
        {% do conditions.append(between_bounds(tested.config.event_time, bounds)) %}
    {% endif %}
    {% if not conditions %}
        {{ return(relation) }}
    {% endif %}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as tested') }}
{% endmacro %}


{# The window that the tested model rebuilt in this run; none if that is all of it. #}
{% macro tested_window() %}
    {% set tested = graph.nodes.get(model.attached_node) if execute else none %}
    {% if not tested or not tested.config.event_time %}
        {{ return(none) }}
    {% endif %}
    {{ return(window(tested.config.meta.get('reach', {}))) }}
{% endmacro %}

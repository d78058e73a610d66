{# Text without blanks around it; null where nothing is left. #}
{% macro presence(column) -%}
    {{ return(adapter.dispatch('presence')(column)) }}
{%- endmacro %}

{% macro default__presence(column) -%}
    case when {{ is_plain(column) }} then {{ column }} else nullif(trim({{ column }}), '') end
{%- endmacro %}

{# By itself, BigQuery's trim takes tabs and line ends too. #}
{% macro bigquery__presence(column) -%}
    nullif(trim({{ column }}, ' '), '')
{%- endmacro %}


{# The presence of a mended text. #}
{% macro mended_presence(column) -%}
    {{ return(adapter.dispatch('mended_presence')(column)) }}
{%- endmacro %}

{% macro default__mended_presence(column) -%}
    case
        when {{ is_plain(column) }} then {{ column }}
        else nullif(trim({{ mended_text(column) }}), '')
    end
{%- endmacro %}

{% macro bigquery__mended_presence(column) -%}
    {{ presence(mended_text(column)) }}
{%- endmacro %}


{#
    Whether a text has nothing to be mended or trimmed, as most have not: that is found out far
    more cheaply in DuckDB. As many bytes as letters is plain ASCII.
#}
{% macro is_plain(column) -%}
    strlen({{ column }}) = length({{ column }})
    and {{ column }} <> ''
    and not starts_with({{ column }}, ' ')
    and not ends_with({{ column }}, ' ')
{%- endmacro %}


{# Text without the quotes that some producers put around the whole of it. #}
{% macro unquoted(column) -%}
    case
        when {{ column }} like '"%"' then substr({{ column }}, 2, length({{ column }}) - 2)
        else {{ column }}
    end
{%- endmacro %}


{#
    Text that was UTF-8, read as Latin-1 by some producer ("BjÃ¶rk"), as it was meant ("Björk").
    Only what survives the way back is mended: each character must fit one byte, and the bytes
    must be UTF-8. Everything else stays as it is.
#}
{% macro mended_text(column) -%}
    {{ return(adapter.dispatch('mended_text')(column)) }}
{%- endmacro %}


{% macro default__mended_text(column) -%}
    case
        -- A lead byte and a continuation byte of UTF-8, each read as a character.
        when regexp_matches({{ column }}, '[\x{C2}-\x{F4}][\x{80}-\x{BF}]')
            then coalesce(
                try(
                    decode(
                        unhex(
                            array_to_string(
                                list_transform(
                                    string_split({{ column }}, ''),
                                    lambda letter: format('{:02X}', unicode(letter))
                                ),
                                ''
                            )
                        )
                    )
                ),
                {{ column }}
            )
        else {{ column }}
    end
{%- endmacro %}


{% macro bigquery__mended_text(column) -%}
    case
        when regexp_contains({{ column }}, r'[\x{C2}-\x{F4}][\x{80}-\x{BF}]')
            and not regexp_contains({{ column }}, r'[^\x{00}-\x{FF}]')
            then coalesce(
                if(
                    safe_convert_bytes_to_string(code_points_to_bytes(to_code_points({{ column }})))
                    like '%\ufffd%',
                    null,
                    safe_convert_bytes_to_string(code_points_to_bytes(to_code_points({{ column }})))
                ),
                {{ column }}
            )
        else {{ column }}
    end
{%- endmacro %}

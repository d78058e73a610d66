"""The contract as pandera schemas over polars: what a raw hour is checked against."""

import pandera.polars as pa
import polars as pl

from contracts.events import Event, Field, FieldType, lake_fields

POLARS_TYPES: dict[FieldType, type[pl.DataType] | pl.DataType] = {
    "text": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "boolean": pl.Boolean,
    "timestamp": pl.Datetime("us", "UTC"),
}


def pandera_schema(event: Event) -> pa.DataFrameSchema:
    """What each raw row of `event` must keep: columns, types, nulls, bounds, allowed values."""
    return pa.DataFrameSchema(
        {each.name: _column(each) for each in lake_fields(event)},
        strict=True,
        ordered=True,
        description=event.description,
    )


def _column(field: Field) -> pa.Column:
    return pa.Column(
        POLARS_TYPES[field.type],
        checks=_checks(field),
        nullable=field.nullable,
        description=field.description,
    )


def _checks(field: Field) -> list[pa.Check]:
    checks = []
    if field.allowed:
        checks.append(pa.Check.isin(list(field.allowed)))
    if field.type in ("integer", "number"):
        if field.minimum is not None:
            checks.append(pa.Check.ge(field.minimum))
        if field.maximum is not None:
            checks.append(pa.Check.le(field.maximum))
    return checks

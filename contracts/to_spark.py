"""The contract as Spark schemas: how Spark reads the lake's accepted rows."""

from pyspark.sql.types import (
    BooleanType,
    DataType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from contracts.events import Event, FieldType, lake_fields

SPARK_TYPES: dict[FieldType, DataType] = {
    "text": StringType(),
    "integer": LongType(),
    "number": DoubleType(),
    "boolean": BooleanType(),
    "timestamp": TimestampType(),
}


def accepted_struct(event: Event) -> StructType:
    """Columns of an accepted row of `event`."""
    return StructType(
        [StructField(each.name, SPARK_TYPES[each.type], each.nullable)
         for each in lake_fields(event)]
    )  # fmt: skip

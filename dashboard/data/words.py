"""Answers as words: a checkbox that nobody can tick looks switched off."""

import polars as pl


def yes_or_no(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame with a yes or a no for each value of a column.

    >>> yes_or_no(pl.DataFrame({"adds_up": [True, False]}), "adds_up")["adds_up"].to_list()
    ['yes', 'no']
    """
    return frame.with_columns(
        pl.when(column).then(pl.lit("yes")).otherwise(pl.lit("no")).alias(column)
    )

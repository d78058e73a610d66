"""Tables as CSV that a spreadsheet opens without running anything in it."""

import polars as pl
import polars.selectors as cs

_FORMULA = r"^[=+\-@\t\r\n]"
"""How a cell begins that a spreadsheet would take for a formula."""


def written(frame: pl.DataFrame) -> bytes:
    r"""The frame as CSV; text that begins like a formula gets an apostrophe, and so is text.

    >>> written(pl.DataFrame({"title": ["=1+1", "Song"], "change": [-1, 2]}))
    b"title,change\n'=1+1,-1\nSong,2\n"
    """
    return inert(frame).write_csv().encode()


def inert(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, with text that is no formula to any spreadsheet."""
    text = cs.string()
    formula = text.str.contains(_FORMULA)
    return frame.with_columns(pl.when(formula).then(pl.lit("'") + text).otherwise(text).name.keep())

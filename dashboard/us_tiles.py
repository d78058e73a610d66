"""Where each US state stands in a map of equal tiles, as newspapers draw it.

A tile per state shows small states as well as large ones, and needs neither a map's tiles nor its
shapes. A row of text is a row of the map; a dot is no state.
"""

import polars as pl

_ROWS = """
AK  .  .  .  .  .  .  .  .  .  . ME
 .  .  .  .  .  .  .  .  .  . VT NH
 . WA ID MT ND MN IL WI MI NY RI MA
 . OR NV WY SD IA IN OH PA NJ CT  .
 . CA UT CO NE MO KY WV VA MD DE  .
 .  . AZ NM KS AR TN NC SC DC  .  .
 .  .  .  . OK LA MS AL GA  .  .  .
HI  .  .  . TX  .  .  .  . FL  .  .
"""
TILES = pl.DataFrame(
    [
        (state, column, row)
        for row, line in enumerate(_ROWS.strip("\n").splitlines())
        for column, state in enumerate(line.split())
        if state != "."
    ],
    schema=["state", "tile_column", "tile_row"],
    orient="row",
)
"""Each state and the District of Columbia, with its column and row from 0."""


def on_tiles(states: pl.DataFrame) -> pl.DataFrame:
    """Every tile with what `states` says of its state; null where it says nothing."""
    return TILES.join(states, on="state", how="left")


def elsewhere(states: pl.DataFrame) -> pl.DataFrame:
    """The rows of `states` that have no tile: territories, other countries, not known."""
    return states.join(TILES, on="state", how="anti")

"""A snapshot as the warehouse publishes it, of frames that a test makes."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from contracts.publication import POINTER, Publication, PublishedFile, PublishedTable, encode

HOURS = pl.datetime_range(
    pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 2, 5), "1h", eager=True, time_unit="us"
)
"""30 hours: a day, and six hours of the next."""
BUILT = pl.DataFrame({"event": "listen_events", "hour": HOURS, "manifests": "m"})


def publish(folder: Path, frames: dict[str, pl.DataFrame], number: int = 1) -> Publication:
    """Publish the frames, each as a table of one file."""
    tables = {}
    for name, frame in frames.items():
        path = f"files/{name.replace('.', '/')}/all-{number}.parquet"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(folder / path)
        columns = tuple((column, str(kind)) for column, kind in frame.schema.items())
        tables[name] = PublishedTable(columns, (PublishedFile(path, frame.height),))
    publication = Publication(number, "warehouse", datetime(2026, 1, 3, tzinfo=UTC), tables)
    temporary = folder / f".{POINTER}"
    temporary.write_bytes(encode(publication))
    temporary.replace(folder / POINTER)
    return publication

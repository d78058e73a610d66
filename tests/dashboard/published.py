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


def publish(
    folder: Path, frames: dict[str, pl.DataFrame], number: int = 1, day: str = ""
) -> Publication:
    """Publish the frames, each as a table of one file, or of one for each value of `day`."""
    tables = {}
    for name, frame in frames.items():
        parts = frame.partition_by(day, as_dict=True) if day else {("all",): frame}
        files = []
        for (part,), rows in parts.items():
            path = f"files/{name.replace('.', '/')}/{part}-{number}.parquet"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            rows.write_parquet(folder / path)
            files.append(PublishedFile(path, rows.height, str(part) if day else None))
        columns = tuple((column, str(kind)) for column, kind in frame.schema.items())
        tables[name] = PublishedTable(columns, tuple(files))
    publication = Publication(number, "warehouse", datetime(2026, 1, 3, tzinfo=UTC), tables)
    temporary = folder / f".{POINTER}"
    temporary.write_bytes(encode(publication))
    temporary.replace(folder / POINTER)
    return publication

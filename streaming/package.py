"""What a cluster needs to run landing: its start, our packages in one zip, Kafka's jars.

What our packages import comes with the cluster's Python: `requirements.txt` names it.
"""

import io
import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from contracts.logs import log
from contracts.store import open_store

START = "land.py"
"""Name of the program that is submitted."""
PACKAGES = "musicflow.zip"
"""Name of the zip that goes to `--py-files`."""
REQUIREMENTS = "requirements.txt"
"""Name of the list of packages for the Python of driver and workers."""
REQUIRED = (
    "alembic", "click", "confluent-kafka", "gcsfs", "msgspec", "numpy", "polars",
    "prometheus-client", "psycopg", "psycopg-binary", "pyarrow", "pydantic-settings",
    "sqlalchemy", "structlog",
)  # fmt: skip
"""What landing imports, Spark apart; gcsfs stands for the client of the lake's bucket."""

_LAND = b"""# What spark-submit and Dataproc start: landing, from the packages that come with it.
from streaming.__main__ import main

main(prog_name="land")
"""
_REPOSITORY = Path(__file__).parents[1]
_NEEDED = ("contracts", "streaming")
# The same bytes for the same code: a zip keeps a time for each of its files.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def put_package(target: str, jars: Sequence[Path]) -> None:
    """Write the start, the zip, the list of packages and `jars/` into a folder or a bucket.

    Raises:
        UnavailableError: `target` can't be written.
    """
    store = open_store(target)
    store.put(START, _LAND)
    store.put(PACKAGES, zipped_packages())
    pins = [f"{name}=={version(name)}\n" for name in REQUIRED]
    store.put(REQUIREMENTS, "".join(pins).encode())
    for jar in jars:
        store.put(f"jars/{jar.name}", jar.read_bytes())
    log.info("package written", target=target, jars=len(jars))


def zipped_packages() -> bytes:
    """The packages that landing is made of, as a zip that Python can import from."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in _NEEDED:
            for path in sorted((_REPOSITORY / package).rglob("*.py")):
                name = path.relative_to(_REPOSITORY).as_posix()
                archive.writestr(zipfile.ZipInfo(name, _NO_TIME), path.read_bytes())
    return zipped.getvalue()

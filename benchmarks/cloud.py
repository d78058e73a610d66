"""What the cloud path costs, on loopback: `python -m benchmarks.cloud PART`.

`landing`: messages per second into a bucket against a folder.
`load`: seconds of an hour of 500,000 rows from a bucket into BigQuery's emulator.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator

from benchmarks import cloud_landing, cloud_load
from contracts.logs import configure_logs

Part = Callable[[], Iterator[dict[str, object]]]
PARTS: dict[str, Part] = {"landing": cloud_landing.measure, "load": cloud_load.measure}


def main(arguments: list[str]) -> None:
    """Measure one part; each figure is one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    chosen = parser.parse_args(arguments).part
    configure_logs()
    os.environ.pop("KAFKA_BOOTSTRAP_SERVERS", None)
    for figure in PARTS[chosen]():
        print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

# ruff: noqa: INP001  a script of the images, in no package
"""Makes a bucket in a fake of Google Cloud Storage, unless it stands: ADDRESS NAME."""

import json
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CONFLICT = 409


def main(address: str, name: str) -> None:
    """Make the bucket."""
    body = json.dumps({"name": name}).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(f"{address}/storage/v1/b?project=local", body, headers)  # noqa: S310  compose says which
    try:
        urlopen(request, timeout=30).close()  # nosec B310  # noqa: S310 - as above
    except HTTPError as error:
        if error.code != CONFLICT:
            raise


if __name__ == "__main__":
    main(*sys.argv[1:])

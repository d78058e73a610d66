"""Prints what a folder's Terraform files say, as one JSON object by file.

It runs in Checkov's environment, which has a parser of HCL: `python hcl_as_json.py FOLDER`.
"""

import json
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Print the files of `folder` and of those in it."""
    # In Checkov's environment alone; everybody else can import this module too.
    import hcl2  # type: ignore[import-not-found]  # noqa: PLC0415

    parsed = {
        str(file.relative_to(folder)): hcl2.loads(file.read_text())
        for file in sorted(folder.rglob("*.tf"))
        if ".terraform" not in file.parts
    }
    print(json.dumps(parsed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

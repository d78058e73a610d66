"""Landing files by the command of landing; wherever Spark sends it, it needs no Dagster.

Stations never import each other, so the command is a process of its own.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any


def landed(options: Sequence[str], name: str) -> list[dict[str, Any]]:
    """What became of the file, or of those of a folder, as `python -m streaming batch` tells it.

    A problem is an answer too, so that it holds up no other file.
    """
    ran = subprocess.run(
        [sys.executable, "-m", "streaming", "batch", "--input", name, "--json", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return list(json.loads(ran.stdout))
    except ValueError:
        said = ran.stderr.strip().splitlines() or ["it ended without a word"]
        return [{"file": name, "problem": said[-1].removeprefix("batch: "), "try_again": True}]

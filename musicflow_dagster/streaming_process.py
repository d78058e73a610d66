"""Commands of landing, run as processes: stations never import each other."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from contracts.errors import MusicFlowError
from musicflow_dagster.settings import Settings


def streaming(settings: Settings, arguments: Sequence[str], told: str = "") -> Any:
    """What a command of landing answers; `told` is what it reads, as others can see arguments.

    Raises:
        MusicFlowError: It could not do it; the message is its own.
    """
    places = ["--lake", settings.lake, "--home", str(settings.home)]
    ran = subprocess.run(
        [sys.executable, "-m", "streaming", *arguments, *places, "--json"],
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.strip().splitlines() or ["it ended without a word"]
        raise MusicFlowError(said[-1])
    return json.loads(ran.stdout)

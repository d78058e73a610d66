"""Commands of landing, run as processes: stations never import each other."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from contracts.errors import MusicFlowError
from musicflow_dagster.settings import Settings

FORGET_USER = "MUSICFLOW_FORGET_USER"
"""Where landing's `erase` looks for the user's id before it reads the one that it is told."""


def streaming(settings: Settings, arguments: Sequence[str], told: str = "") -> Any:
    """What a command of landing answers; `told` is what it reads, as others can see arguments.

    Raises:
        MusicFlowError: It could not do it; the message is its own.
    """
    places = ["--lake", settings.lake, "--home", str(settings.home)]
    environment = {name: text for name, text in os.environ.items() if name != FORGET_USER}
    ran = subprocess.run(
        [sys.executable, "-m", "streaming", *arguments, *places, "--json"],
        input=told,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.strip().splitlines() or ["it ended without a word"]
        raise MusicFlowError(said[-1])
    return json.loads(ran.stdout)

"""The commands that docs/disaster_recovery.md tells an operator, and running them as he would."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "disaster_recovery.md"
DEADLINE = 600.0
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def sections(page: str) -> dict[str, list[str]]:
    """The blocks of commands below each heading of the second level.

    >>> sections("# A\\n## B\\n```sh\\nls\\n```\\nwords\\n## C\\n")
    {'B': ['ls\\n'], 'C': []}
    """
    _, *parts = re.split(r"^## ", page, flags=re.MULTILINE)
    return {part.partition("\n")[0]: _BLOCK.findall(part) for part in parts}


def beginning(page: str) -> str:
    """The commands above the first of these headings, which those below it rely on.

    >>> beginning("# A\\n```sh\\nx=1\\n```\\n## B\\n```sh\\nls $x\\n```\\n")
    'x=1\\n'
    """
    [commands] = _BLOCK.findall(page.partition("\n## ")[0])
    return commands


def recover(section: str, environment: Mapping[str, str], block: int = 0) -> str:
    """Carry out a block of the section's commands, each of which has to succeed; what they say."""
    page = PAGE.read_text()
    commands = beginning(page) + sections(page)[section][block]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

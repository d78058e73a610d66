"""A page that is a worked example: its blocks, carried out on a copy of the code."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Block:
    """A block of code: a file, a change of one, or commands."""

    language: str
    file: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The blocks that a page has its readers carry out, in order."""
    for found in BLOCK.finditer(page):
        block = Block(found["language"], found["file"] or "", found["text"])
        if block.file or block.language == "sh":
            yield block


def carry_out(block: Block, tree: Path, environment: Mapping[str, str]) -> str:
    """Do what a block says to a copy of the code; returns what its commands said."""
    if not block.file:
        return run(block.text, tree, environment)
    path = tree / block.file
    if block.language == "diff":
        path.write_text(changed(path.read_text(), block))
    else:
        assert not path.exists(), f"{block.file} is no new file"
        path.write_text(block.text)
    return ""


def changed(text: str, block: Block) -> str:
    """A file's text after the change that a diff without line numbers shows."""
    lines = block.text.splitlines()
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(f"{before}\n") == 1, f"{block.file} has not one place for:\n{block.text}"
    return text.replace(f"{before}\n", f"{after}\n")


def run(script: str, tree: Path, environment: Mapping[str, str]) -> str:
    """What a shell says that carries out all lines; each must succeed."""
    # Installed is what the tests run with; a copy of the code needs no other environment.
    script = script.replace("make ", "make --assume-old=.venv/.installed ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tree, env=environment,
        capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout

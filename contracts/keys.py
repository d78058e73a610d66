"""Secret keys that a machine makes for itself, and keeps for its owner only."""

import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path


def kept_key(path: Path) -> str:
    """The key that stands in the file `path`; at first use it is made, readable by its owner only.

    A crash leaves no half key, and of two processes that make one at once both get the same.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
        unfinished.touch(mode=0o600)
        try:
            unfinished.write_text(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(unfinished, path)
        finally:
            unfinished.unlink()
    return path.read_text().strip()

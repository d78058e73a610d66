"""Secret keys that a machine makes for itself, and keeps for its owner only."""

import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path

from contracts.errors import ConfigurationError


def kept_key(path: Path) -> str:
    """The key that stands in the file `path`; at first use it is made, readable by its owner only.

    No crash leaves half a key, nor does a power failure, and of two processes that make one at
    once both get the same.

    Raises:
        ConfigurationError: The file is empty.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
        unfinished.touch(mode=0o600)
        try:
            unfinished.write_text(secrets.token_hex(32))
            _sync(unfinished)
            with suppress(FileExistsError):
                os.link(unfinished, path)
        finally:
            unfinished.unlink()
        _sync(path.parent)
    return read_key(path)


def read_key(path: Path) -> str:
    """The key that stands in the file `path`.

    Raises:
        ConfigurationError: The file is empty: hashes under no key are anybody's to guess.
    """
    if key := path.read_text().strip():
        return key
    raise ConfigurationError(
        f"{path} has to hold a key, and is empty: bring it back from a copy, or remove it where "
        "nothing was made with it yet (nobody forgotten, nothing built)"
    )


def _sync(path: Path) -> None:
    """Have a file or a folder on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

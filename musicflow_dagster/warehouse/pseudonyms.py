"""The key that listeners' pseudonyms are made with."""

import secrets
from pathlib import Path

from contracts.errors import ConfigurationError


def another_key() -> ConfigurationError:
    """The error that the models were built with another key than ours."""
    return ConfigurationError(
        "MUSICFLOW_PSEUDONYM_KEY is not the key that this warehouse was built with: give the "
        "old key, or remove the warehouse and the snapshot to rebuild them from the lake"
    )


def pseudonym_key(configured: str | None, home: Path) -> str:
    """The configured key, or this machine's own, made at first use and kept for its owner only."""
    if configured:
        return configured
    path = home / "pseudonym.key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp")
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_hex(32))
        unfinished.replace(path)  # so that a crash cannot leave half a key, or an empty one
    return path.read_text().strip()

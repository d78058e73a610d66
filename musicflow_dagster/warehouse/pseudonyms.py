"""The key that listeners' pseudonyms are made with."""

import hashlib
from pathlib import Path

from contracts.errors import ConfigurationError
from contracts.keys import kept_key


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
    return kept_key(home / "pseudonym.key")


def pseudonym(key: str, user_id: int) -> str:
    """A listener's pseudonym, as the models have it (dbt's macro of this name)."""
    inner = _sha256(f"inner|{key}|{user_id}")
    return _sha256(f"outer|{key}|{inner}")[:32]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

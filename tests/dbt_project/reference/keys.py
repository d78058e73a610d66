"""The keys: hashes of natural columns, and the pseudonym of a listener."""

import hashlib
from datetime import UTC, datetime

UNKNOWN = "unknown"
ABSENT, SEPARATOR = chr(30), chr(31)


def surrogate(*parts: object) -> str:
    """The key of natural columns: MD5 of their texts; a missing one has a text of its own."""
    texts = [ABSENT if each is None else str(each) for each in parts]
    return hashlib.md5(SEPARATOR.join(texts).encode()).hexdigest()


def event_key(event_id: str, at: datetime) -> str:
    return surrogate(event_id, epoch_milliseconds(at))


def epoch_milliseconds(at: datetime) -> int:
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)


def song_key(song_id: str | None, artist: str | None, title: str | None) -> str:
    if song_id is not None:
        return surrogate("id", song_id)
    return UNKNOWN if title is None else surrogate("title", artist, title)


def key_or_unknown(*parts: str | None) -> str:
    """The key of an artist, a place or a device: unknown where nothing of it is known."""
    return UNKNOWN if all(each is None for each in parts) else surrogate(*parts)


def hour_key(at: datetime) -> int:
    return int(f"{at:%Y%m%d%H}")


def pseudonym(user_id: int | None, key: str) -> str:
    if user_id is None:
        return UNKNOWN
    inner = hashlib.sha256(f"inner|{key}|{user_id}".encode()).hexdigest()
    return hashlib.sha256(f"outer|{key}|{inner}".encode()).hexdigest()[:32]

"""Buckets of Google Cloud Storage, or of an emulator that STORAGE_EMULATOR_HOST names."""

import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar, Self

import aiohttp
import gcsfs
from gcsfs.retry import ChecksumError, HttpError
from google.auth.exceptions import GoogleAuthError

_MARK = "musicflow-mark"
_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
"""How long a server may be silent before the request is sent again."""
_EMULATOR = "STORAGE_EMULATOR_HOST"


class GcsBucket:
    """One bucket of Google's."""

    errors: ClassVar[tuple[type[Exception], ...]] = (
        OSError,
        ValueError,
        HttpError,
        ChecksumError,
        GoogleAuthError,
        aiohttp.ClientError,
    )

    def __init__(self, name: str, filesystem: gcsfs.GCSFileSystem) -> None:
        """Reach the bucket `name` through `filesystem`."""
        self.name = name
        self.filesystem = filesystem

    @classmethod
    def connect(cls, name: str) -> Self:
        """The bucket `name`, through this process's connection."""
        return cls(name, _filesystem(os.getpid(), os.environ.get(_EMULATOR, "")))

    @staticmethod
    def problem(error: Exception) -> str:
        """What was refused, and what to do about it."""
        said = str(error).strip().splitlines() or [type(error).__name__]
        return _advice(error, said[-1])

    def read(self, key: str) -> bytes:
        """The object's bytes."""
        return bytes(self.filesystem.cat_file(f"{self.name}/{key}"))

    def stands(self, key: str) -> bool:
        """Whether the object is there."""
        try:
            self._record(key)
        except FileNotFoundError:
            return False
        return True

    def put(self, key: str, data: bytes) -> None:
        """Write the object."""
        self.filesystem.pipe_file(f"{self.name}/{key}", data, consistency="md5")

    def put_new(self, key: str, data: bytes, mark: str) -> None:
        """Write the object if there is none: its generation must be 0."""
        self.filesystem.pipe_file(
            f"{self.name}/{key}", data, consistency="md5", mode="create", metadata={_MARK: mark}
        )

    def mark_of(self, key: str) -> str | None:
        """The mark of the object that stands."""
        mark: str | None = self._record(key).get("metadata", {}).get(_MARK)
        return mark

    def pages(self, prefix: str) -> Iterator[list[str]]:
        """Keys that begin with `prefix`, page by page."""
        more: dict[str, str] = {}
        while True:
            page = self.filesystem.call(
                "GET", "b/{}/o", self.name, prefix=prefix, maxResults=1000, json_out=True, **more
            )
            yield [each["name"] for each in page.get("items", [])]
            if not page.get("nextPageToken"):
                return
            more = {"pageToken": page["nextPageToken"]}

    def remove(self, key: str) -> None:
        """Delete the object."""
        self.filesystem.call("DELETE", "b/{}/o/{}", self.name, key)

    def _record(self, key: str) -> dict[str, Any]:
        record: dict[str, Any] = self.filesystem.call(
            "GET", "b/{}/o/{}", self.name, key, json_out=True
        )
        return record


@lru_cache
def _filesystem(_process: int, emulator: str) -> gcsfs.GCSFileSystem:
    # It would print a stack trace for each error that it raises.
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    return gcsfs.GCSFileSystem(
        # An emulator knows nobody. Google's default credentials are those of `gcloud auth
        # application-default login`, GOOGLE_APPLICATION_CREDENTIALS, or the machine's own.
        token="anon" if emulator else "google_default",
        access="read_write",
        requests_timeout=_PATIENCE,
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def _advice(error: Exception, said: str) -> str:
    code = getattr(error, "code", None)
    if isinstance(error, GoogleAuthError) or str(code) == "401" or "authentication" in said:
        return (
            f"Google does not accept the credentials, or there are none ({said}): log in with "
            "`gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
        )
    if str(error).startswith("Forbidden"):
        return (
            f"access is denied ({said}): grant roles/storage.objectUser on the bucket to whose "
            "credentials these are (roles/storage.objectViewer to read only)"
        )
    if str(code) == "429":
        return f"too many requests ({said}): raise the quota, or MUSICFLOW_TRIGGER"
    return f"the storage does not do what it was asked ({said}): try again later"


BUCKET = GcsBucket

"""Buckets of Amazon S3, or of what AWS_ENDPOINT_URL names and speaks like it (MinIO, R2, …)."""

import asyncio
import os
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar, Self

import aiohttp
import s3fs
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from fsspec.asyn import sync_wrapper

_MARK = "musicflow-mark"
_PATIENCE = {
    "retries": {"mode": "standard", "max_attempts": 8},
    "connect_timeout": 30,
    "read_timeout": 60,
}
_TRIES = 8
_WHERE = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION",
          "AWS_PROFILE", "AWS_ACCESS_KEY_ID")  # fmt: skip
"""The variables that say where S3 is, and who asks."""

_REFUSED = {"AccessDenied", "AllAccessDisabled", "403", "Forbidden"}
_UNKNOWN = {"ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch",
            "RequestTimeTooSkewed", "TokenRefreshRequired", "401"}  # fmt: skip
_WITHOUT_WORDS = {"400", "403"}
"""What a request for a head is answered, whose answers have no body that says more."""
_ELSEWHERE = {"301", "PermanentRedirect", "AuthorizationHeaderMalformed",
              "IllegalLocationConstraintException"}  # fmt: skip
_NOT_LOGGED_IN = (
    NoCredentialsError, PartialCredentialsError, TokenRetrievalError, UnauthorizedSSOTokenError,
)  # fmt: skip


class PatientS3(s3fs.S3FileSystem):  # type: ignore[misc]  # s3fs has no types
    """Tries again after 429 and 408 too: Amazon's own servers say 503, others say these."""

    async def _call_s3(self, method: str, *arguments: Any, **named: Any) -> Any:
        for wait in range(_TRIES - 1):
            try:
                return await super()._call_s3(method, *arguments, **named)
            except OSError as error:
                if _status(error) not in {408, 429}:
                    raise
                await asyncio.sleep(0.25 * 2**wait)
        return await super()._call_s3(method, *arguments, **named)

    call_s3 = sync_wrapper(_call_s3)


class S3Bucket:
    """One bucket of Amazon's, or of one that speaks like it."""

    errors: ClassVar[tuple[type[Exception], ...]] = (
        OSError,
        ValueError,
        BotoCoreError,
        ClientError,
        aiohttp.ClientError,
    )

    def __init__(self, name: str, filesystem: s3fs.S3FileSystem) -> None:
        """Reach the bucket `name` through `filesystem`."""
        self.name = name
        self.filesystem = filesystem

    @classmethod
    def connect(cls, name: str) -> Self:
        """The bucket `name`, through this process's connection."""
        where = tuple((each, os.environ[each]) for each in _WHERE if os.environ.get(each))
        return cls(name, _filesystem(os.getpid(), where))

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
            self._call("head_object", Key=key)
        except FileNotFoundError:
            return False
        except OSError as error:
            if _code(error) in _WITHOUT_WORDS:
                self._call("list_objects_v2", Prefix=key, MaxKeys=1)
            raise
        return True

    def put(self, key: str, data: bytes) -> None:
        """Write the object."""
        self._call("put_object", Key=key, Body=data)

    def put_new(self, key: str, data: bytes, mark: str) -> None:
        """Write the object if there is none."""
        for wait in range(_TRIES):
            try:
                self._call(
                    "put_object", Key=key, Body=data, IfNoneMatch="*", Metadata={_MARK: mark}
                )
            except OSError as error:
                if _code(error) in {"PreconditionFailed", "412"}:
                    raise FileExistsError(key) from error
                # Two asked at the same moment, and neither was served.
                if _code(error) != "ConditionalRequestConflict" or wait == _TRIES - 1:
                    raise
                time.sleep(0.05 * 2**wait)
            else:
                return

    def mark_of(self, key: str) -> str | None:
        """The mark of the object that stands."""
        mark: str | None = self._call("head_object", Key=key)["Metadata"].get(_MARK)
        return mark

    def pages(self, prefix: str) -> Iterator[list[str]]:
        """Keys that begin with `prefix`, page by page."""
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=prefix, **more)
            yield [each["Key"] for each in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def remove(self, key: str) -> None:
        """Delete the object."""
        self._call("delete_object", Key=key)

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.filesystem.call_s3(operation, Bucket=self.name, **arguments)
        return answer


@lru_cache
def _filesystem(_process: int, where: tuple[tuple[str, str], ...]) -> s3fs.S3FileSystem:
    given = dict(where)
    # boto looks for AWS_DEFAULT_REGION only, all other clients for AWS_REGION first.
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION")
    endpoint = given.get("AWS_ENDPOINT_URL_S3") or given.get("AWS_ENDPOINT_URL")
    # Servers of one's own seldom have a name for each bucket.
    style = {"s3": {"addressing_style": "path"}} if endpoint else {}
    return PatientS3(
        endpoint_url=endpoint,
        client_kwargs={"region_name": region} if region else {},
        config_kwargs=_PATIENCE | style,
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def _response(error: BaseException) -> dict[str, Any]:
    """What S3 answered, if the error is one of its own."""
    return getattr(error, "response", None) or getattr(error.__cause__, "response", None) or {}


def _status(error: BaseException) -> int:
    return int(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: BaseException) -> str:
    """What S3 calls the error, if it is one of its own."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def _advice(error: Exception, said: str) -> str:
    code = _code(error)
    if isinstance(error, _NOT_LOGGED_IN) or code in _UNKNOWN:
        return (
            f"S3 does not accept the credentials, or there are none ({said}): log in again, or "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if code in _REFUSED:
        return (
            f"access is denied ({said}): allow s3:GetObject, s3:PutObject, s3:DeleteObject and "
            "s3:ListBucket on the bucket to whose credentials these are"
        )
    if code in _ELSEWHERE:
        return f"the bucket is in another region ({said}): set AWS_REGION to the bucket's"
    return f"the storage does not do what it was asked ({said}): try again later"


BUCKET = S3Bucket

"""The store in a bucket: any object store that can put an object only if it is absent.

Google's and Amazon's clients (`gcs.py`, `s3.py`) come with extras of the package. They try again
by themselves what may succeed then: a request that was refused for now, answered with an error of
the server's, or not answered at all.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Protocol, cast

from contracts.bucket_file import BLOCK_BYTES, BucketFile
from contracts.errors import ConfigurationError, LakeError, UnavailableError
from contracts.new_file import NewFile

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

PROVIDERS = {"gs": ("contracts.gcs", "gcs"), "s3": ("contracts.s3", "s3")}
"""By scheme: the module that knows such buckets, and the extra that brings what it needs."""


class Bucket(Protocol):
    """One bucket, by its provider's client; a key is an object's whole name.

    What its methods raise is FileNotFoundError for an absent object or bucket, FileExistsError
    where something stands that may not, and else one of `errors`.
    """

    errors: ClassVar[tuple[type[Exception], ...]]
    """What the client raises."""

    @classmethod
    def connect(cls, name: str) -> "Bucket":
        """The bucket `name`, through this process's client."""

    @staticmethod
    def problem(error: Exception) -> str:
        """One of `errors` as words that say what to do."""

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """The client, for engines that read through it."""

    def read(self, key: str) -> bytes:
        """The object's bytes."""

    def stands(self, key: str) -> bool:
        """Whether the object is there."""

    def put(self, key: str, data: bytes) -> None:
        """Write the object."""

    def put_new(self, key: str, data: bytes, mark: str) -> None:
        """Write the object with a mark, unless one stands: then FileExistsError."""

    def mark_of(self, key: str) -> str | None:
        """The mark of the object that stands."""

    def pages(self, prefix: str) -> Iterator[list[str]]:
        """Keys that begin with `prefix`, in order, page by page."""

    def remove(self, key: str) -> None:
        """Delete the object."""


class BucketStore:
    """A store in a bucket, or in a folder of one."""

    def __init__(self, scheme: str, name: str, folder: str) -> None:
        """Use what stands below `folder` in the bucket `name`; nothing is asked for yet."""
        self._address = f"{scheme}://{name}"
        self._root = f"{self._address}/{folder}" if folder else self._address
        self._name = name
        self._prefix = f"{folder}/" if folder else ""
        self._kind = _kind_of(scheme)
        self._process: int | None = None
        self._connected: Bucket | None = None
        self._is_known_to_stand = False

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """The bucket's client, through which engines read `url`."""
        with self._errors(""):
            return self._bucket.filesystem

    def url(self, path: str) -> str:
        """The object's address."""
        return f"{self._root}/{path}" if path else self._root

    def read(self, path: str) -> bytes:
        """The object's bytes.

        Raises:
            LakeError: There is no such object.
            MusicFlowError: The bucket can't be read; the message says what to do.
        """
        with self._errors(path):
            return self._bucket.read(self._key(path))

    def open(self, path: str) -> BinaryIO:
        """Open the object to read parts of it.

        Raises:
            LakeError: There is no such object.
            MusicFlowError: The bucket can't be read; the message says what to do.
        """
        with self._errors(path):
            opened = self._bucket.filesystem.open(self._full(path), "rb")
        fetch = opened.cache.fetcher

        def fetched(*span: int) -> bytes:
            with self._errors(path):
                return cast("bytes", fetch(*span))

        # What is read comes later, when the file is asked for it.
        opened.cache.fetcher = fetched
        return cast("BinaryIO", opened)

    def exists(self, path: str) -> bool:
        """Whether the object stands.

        Raises:
            MusicFlowError: The bucket can't be read; the message says what to do.
        """
        with self._errors(path):
            if self._bucket.stands(self._key(path)):
                return True
        self._check_bucket()
        return False

    def put(self, path: str, data: bytes) -> None:
        """Write the object.

        Raises:
            MusicFlowError: The bucket can't be written; the message says what to do.
        """
        with self._errors(path):
            self._bucket.put(self._key(path), data)

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write the object unless it stands; of several writers exactly one gets True.

        A request whose answer was lost is sent again, and finds the object that it made: the
        mark tells that it is ours.

        Raises:
            MusicFlowError: The bucket can't be written; the message says what to do.
        """
        mark = uuid.uuid4().hex
        with self._errors(path):
            try:
                self._bucket.put_new(self._key(path), data, mark)
            except FileExistsError:
                with suppress(FileNotFoundError):
                    return self._bucket.mark_of(self._key(path)) == mark
                return False
        return True

    def create(self, path: str) -> NewFile:
        """Open a new object; it is sent in blocks, and stands when the last one has arrived.

        Raises:
            MusicFlowError: The bucket can't be written; the message says what to do.
        """
        with self._errors(path):
            inner = self._bucket.filesystem.open(self._full(path), "wb", block_size=BLOCK_BYTES)
        return BucketFile(inner, lambda: self._errors(path))

    def list(self, folder: str) -> Iterator[str]:
        """Paths of all objects below `folder`, sorted; only as many are asked for as are taken.

        Raises:
            MusicFlowError: The bucket can't be read; the message says what to do.
        """
        with self._errors(folder):
            pages = self._bucket.pages(self._key(f"{folder}/" if folder else ""))
        while True:
            with self._errors(folder):
                page = next(pages, None)
            if page is None:
                return
            # Consoles and Hadoop make empty objects that stand for folders.
            yield from (key[len(self._prefix) :] for key in page if not key.endswith("/"))

    def delete(self, path: str) -> None:
        """Remove the object; no error if it is gone.

        Raises:
            MusicFlowError: The bucket can't be written; the message says what to do.
        """
        with self._errors(path), suppress(FileNotFoundError):
            self._bucket.remove(self._key(path))

    @property
    def _bucket(self) -> Bucket:
        """The connection of this process: those of its parent are of no use after a fork."""
        if self._connected is None or self._process != os.getpid():
            self._connected, self._process = self._kind.connect(self._name), os.getpid()
        return self._connected

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}"

    def _full(self, path: str) -> str:
        return f"{self._name}/{self._key(path)}"

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        """Tell errors of the client in a way that helps."""
        try:
            yield
        except FileNotFoundError as error:
            self._check_bucket()
            raise LakeError(f"the lake {self._root} has no {path}") from error
        except self._kind.errors as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> UnavailableError:
        return UnavailableError(f"{self._address}: {self._kind.problem(error)}")

    def _check_bucket(self) -> None:
        """Tell an absent bucket from an absent object: to both the answer is 404.

        Raises:
            ConfigurationError: There is no such bucket.
        """
        if self._is_known_to_stand:
            return
        try:
            next(self._bucket.pages(self._prefix), None)
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"there is no bucket {self._address}: create it, or name another"
            ) from error
        except self._kind.errors as error:
            raise self._told(error) from error
        self._is_known_to_stand = True


def open_bucket_store(lake: str) -> BucketStore:
    """The store of a lake given as `gs://bucket/folder` or `s3://bucket/folder`.

    Raises:
        ConfigurationError: It is not written so, or what its buckets need is not installed.
    """
    scheme, _, rest = lake.partition("://")
    name, _, folder = rest.partition("/")
    if scheme not in PROVIDERS or not name:
        raise ConfigurationError(
            f"the lake can't be {lake}: give a folder, gs://bucket/folder or s3://bucket/folder"
        )
    return BucketStore(scheme, name, folder.strip("/"))


def _kind_of(scheme: str) -> type[Bucket]:
    """What knows buckets of this scheme.

    Raises:
        ConfigurationError: The extra that brings its client is not installed.
    """
    module, extra = PROVIDERS[scheme]
    try:
        return cast("type[Bucket]", import_module(module).BUCKET)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{scheme}:// needs what the extra `{extra}` brings ({error.name} is missing): "
            f"pip install 'musicflow[{extra}]'"
        ) from error

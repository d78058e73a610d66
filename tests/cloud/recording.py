"""What is asked of Google's APIs, and the permissions that each request needs there."""

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_OF_ONE_HOP = {"connection", "transfer-encoding", "keep-alive", "host", "content-length"}
STORAGE = [
    ("GET", r"/storage/v1/b/[^/]+", "storage.buckets.get"),
    ("POST", r"/storage/v1/b", "storage.buckets.create"),
    ("GET", r"/storage/v1/b/[^/]+/o", "storage.objects.list"),
    ("GET", r"(/download)?/storage/v1/b/[^/]+/o/.+", "storage.objects.get"),
    ("POST", r"/upload/storage/v1/b/[^/]+/o", "storage.objects.create"),
    ("PUT", r"/upload/.*", "storage.objects.create"),
    ("POST", r"/storage/v1/b/[^/]+/o/.+/(rewriteTo|copyTo)/.+", "storage.objects.create"),
    ("POST", r"/storage/v1/b/[^/]+/o/.+/compose", "storage.objects.create"),
    ("PATCH", r"/storage/v1/b/[^/]+/o/.+", "storage.objects.update"),
    ("DELETE", r"/storage/v1/b/[^/]+/o/.+", "storage.objects.delete"),
]
BIGQUERY = [
    ("GET", r"/projects/[^/]+/datasets", "bigquery.datasets.get"),
    ("GET", r"/projects/[^/]+/datasets/[^/]+", "bigquery.datasets.get"),
    ("POST", r"/projects/[^/]+/datasets", "bigquery.datasets.create"),
    ("PATCH", r"/projects/[^/]+/datasets/[^/]+", "bigquery.datasets.update"),
    ("DELETE", r"/projects/[^/]+/datasets/[^/]+", "bigquery.datasets.delete"),
    ("GET", r"/projects/[^/]+/datasets/[^/]+/tables", "bigquery.tables.list"),
    ("GET", r"/projects/[^/]+/datasets/[^/]+/routines", "bigquery.routines.list"),
    ("POST", r"/projects/[^/]+/datasets/[^/]+/tables", "bigquery.tables.create"),
    ("GET", r"/projects/[^/]+/datasets/[^/]+/tables/[^/]+", "bigquery.tables.get"),
    ("(PATCH|PUT)", r"/projects/[^/]+/datasets/[^/]+/tables/[^/]+", "bigquery.tables.update"),
    ("DELETE", r"/projects/[^/]+/datasets/[^/]+/tables/[^/]+", "bigquery.tables.delete"),
    ("GET", r"/projects/[^/]+/datasets/[^/]+/tables/[^/]+/data", "bigquery.tables.getData"),
    ("POST", r"/projects/[^/]+/datasets/[^/]+/tables/[^/]+/insertAll",
     "bigquery.tables.updateData"),
    ("POST", r"(/upload)?.*/projects/[^/]+/jobs", "bigquery.jobs.create"),
    # The parts of an upload that was begun by the request above.
    ("PUT", r"/upload/projects/[^/]+/jobs", ""),
    ("POST", r"/projects/[^/]+/queries", "bigquery.jobs.create"),
    # Jobs and results of one's own need nothing; those of others need what is named.
    ("GET", r"/projects/[^/]+/(jobs|queries)/[^/]+", ""),
    ("POST", r"/projects/[^/]+/jobs/[^/]+/cancel", ""),
    ("GET", r"/projects/[^/]+/jobs", "bigquery.jobs.list"),
]  # fmt: skip
STATEMENTS = [
    (r"create\s+schema", "bigquery.datasets.create"),
    (r"create\s+(or\s+replace\s+)?(table|view|temp)", "bigquery.tables.create"),
    (r"create\s+or\s+replace", "bigquery.tables.update"),
    (r"alter\s+table", "bigquery.tables.update"),
    (r"drop\s+(table|view)", "bigquery.tables.delete"),
    (r"\b(merge|insert|delete\s+from|update|truncate)\b", "bigquery.tables.updateData"),
    (r"\bselect\b", "bigquery.tables.getData"),
]
"""What a statement needs beside the job: by what stands in it."""


@dataclass
class Recorder:
    """A proxy to an emulator, and what was asked through it."""

    endpoint: str = ""
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    @property
    def permissions(self) -> set[str]:
        """What all that was asked needs.

        Raises:
            AssertionError: A request is of a kind that is not known here.
        """
        needed = {each for asked in self.asked for each in permissions_of(*asked)}
        return needed - {""}


def permissions_of(method: str, path: str, body: bytes) -> Iterator[str]:
    """The permissions that a request needs."""
    plain = urlsplit(path).path
    if "/bigquery/v2" not in plain:
        yield _matched(STORAGE, method, plain)
        overwrites = plain.startswith("/upload") and "ifGenerationMatch" not in parse_qs(
            urlsplit(path).query
        )
        if overwrites:
            yield "storage.objects.delete"
        return
    yield _matched(BIGQUERY, method, plain.replace("/bigquery/v2", ""))
    for statement in _statements(body):
        for pattern, permission in STATEMENTS:
            if re.search(pattern, statement, re.IGNORECASE):
                yield permission
    if b'"load"' in body:
        yield from ("bigquery.tables.create", "bigquery.tables.updateData")


def _statements(body: bytes) -> Iterator[str]:
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        return
    query = told.get("query") or told.get("configuration", {}).get("query", {}).get("query")
    if isinstance(query, str):
        yield re.sub(r"--.*|/\*.*?\*/|'[^']*'", "", query)


def _matched(known: list[tuple[str, str, str]], method: str, path: str) -> str:
    for of_method, pattern, permission in reversed(known):
        if re.fullmatch(of_method, method) and re.fullmatch(pattern, path):
            return permission
    raise AssertionError(f"which permission does {method} {path} need?")


@contextmanager
def recording(upstream: str) -> Iterator[Recorder]:
    """A proxy to `upstream`, which ends with the block."""
    server = _Server(("127.0.0.1", 0), _Relay)
    server.upstream = urlsplit(upstream).netloc
    server.recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.recorder
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    upstream: str
    recorder: Recorder


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _relay(self) -> None:
        body = self._body()
        self.server.recorder.asked.append((self.command, self.path, body))
        kept = {k: v for k, v in self.headers.items() if k.lower() not in _OF_ONE_HOP}
        connection = http.client.HTTPConnection(self.server.upstream, timeout=300)
        try:
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self._answer(answer, content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _relay  # noqa: N815 http.server's

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        """Hand on the answer; addresses in it lead here again."""
        there, here = f"http://{self.server.upstream}", self.server.recorder.endpoint
        if "json" in answer.getheader("Content-Type", ""):
            content = content.replace(there.encode(), here.encode())
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_ONE_HOP:
                self.send_header(name, value.replace(there, here))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

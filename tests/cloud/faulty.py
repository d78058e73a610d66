"""A storage that misbehaves: a proxy in front of the fake one, with faults of a seeded dice."""

import http.client
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

FAULTS = ("429", "500", "503", "unheard", "unanswered", "cut", "slow")
"""A refusal, or: the connection is dropped before the request is done, or after it; the answer
ends in the middle; it comes late."""
MOST_IN_A_ROW = 3
"""Faults that one address meets one after another, where not all is faulty: clients give up at
the sixth and later."""
_REFUSAL = b'{"error": {"code": %d, "message": "injected"}}'
_OF_ONE_HOP = {"connection", "transfer-encoding", "keep-alive", "host", "content-length"}


Answer = tuple[int, list[tuple[str, str]], bytes]
_SENT = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<size>\d+|\*)")


class Uploads:
    """Uploads in parts, as Google has them taken up again after a lost answer.

    The fake forgets an upload that is complete, and takes the question how far it is for its end.
    """

    def __init__(self) -> None:
        self._reached: dict[str, int] = {}
        self._complete: dict[str, Answer] = {}

    def known(self, path: str, content_range: str) -> Answer | None:
        """The answer to a part that has arrived before, or to the question how far it is."""
        sent = _SENT.fullmatch(content_range)
        if sent is None or path in self._complete:
            return self._complete.get(path)
        reached = self._reached.get(path, 0)
        asks = sent["last"] is None and (sent["size"] == "*" or int(sent["size"]) > reached)
        if not asks and (sent["last"] is None or int(sent["last"]) >= reached):
            return None
        return 308, [("Range", f"bytes=0-{reached - 1}")] if reached else [], b""

    def took(self, path: str, content_range: str, answer: Answer) -> None:
        """Remember what arrived."""
        sent = _SENT.fullmatch(content_range)
        if sent is None or answer[0] >= 400:
            return
        if sent["last"] is not None:
            self._reached[path] = int(sent["last"]) + 1
        if sent["size"] == str(self._reached.get(path, 0)):
            self._complete[path] = answer


@dataclass(slots=True)
class Storage:
    """The proxy: where it listens, and how often it does harm."""

    endpoint: str
    share: float
    """Of the requests, how many meet a fault; it may be changed at any time."""
    met: Counter[str]
    kinds: tuple[str, ...] = FAULTS


@contextmanager
def faulty(endpoint: str, share: float, seed: int) -> Iterator[Storage]:
    """A proxy to the storage at `endpoint` with faults in this share of the requests."""
    server = _Server(("127.0.0.1", 0), _Relay)
    server.upstream = urlsplit(endpoint).netloc
    server.storage = Storage(f"http://127.0.0.1:{server.server_port}", share, Counter())
    server.dice = random.Random(seed)
    server.in_a_row = Counter()
    server.uploads = Uploads()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    upstream: str
    storage: Storage
    dice: random.Random
    in_a_row: Counter[str]
    uploads: Uploads

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that were killed are what this is for."""


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    _PUT_OFF: ClassVar[tuple[float, float]] = (0.2, 2.0)

    def _relay(self) -> None:
        body = self._body()
        fault = self._fault()
        if fault is not None and fault.isdigit():
            self._answer(int(fault), [], _REFUSAL % int(fault))
            return
        if fault == "unheard":
            self._drop()
            return
        status, headers, content = self._done(body)
        if fault == "unanswered":
            self._drop()
        elif fault == "cut" and content:
            self._answer(status, headers, content, sent=len(content) // 2)
            self._drop()
        else:
            if fault == "slow":
                time.sleep(random.uniform(*self._PUT_OFF))
            self._answer(status, headers, content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _relay  # noqa: N815 http.server's

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _fault(self) -> str | None:
        storage, in_a_row = self.server.storage, self.server.in_a_row
        spared = storage.share < 1 and in_a_row[self.path] >= MOST_IN_A_ROW
        if spared or self.server.dice.random() >= storage.share:
            in_a_row[self.path] = 0
            return None
        in_a_row[self.path] += 1
        fault = self.server.dice.choice(storage.kinds)
        storage.met[fault] += 1
        return fault

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _done(self, body: bytes) -> Answer:
        uploads, sent = self.server.uploads, self.headers.get("Content-Range", "")
        answer = uploads.known(self.path, sent)
        if answer is None:
            answer = self._asked(body)
            uploads.took(self.path, sent, answer)
        return answer

    def _asked(self, body: bytes) -> Answer:
        """What the storage says; addresses that it gives lead here again."""
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_ONE_HOP}
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=120)
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        there, here = f"http://{self.server.upstream}", self.server.storage.endpoint
        told = [
            (name, value.replace(there, here))
            for name, value in answer.getheaders()
            if name.lower() not in _OF_ONE_HOP
        ]
        if "json" in answer.getheader("Content-Type", ""):
            content = content.replace(there.encode(), here.encode())
        return answer.status, told, content

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, sent: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:sent])

    def _drop(self) -> None:
        """Hang up without a word."""
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

"""Google's APIs as far as the doctor asks them: answers that a test sets, on loopback."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


@dataclass
class FakeGoogle:
    """What it answers, by method and path: a body, or a number for a refusal; 404 otherwise."""

    address: str = ""
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)

    def answer(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        """The status and body for a request."""
        told = self.answers.get((method, path), 404)
        if isinstance(told, dict):
            return 200, told
        reason = {401: "authError", 403: "accessDenied", 404: "notFound"}.get(told, "invalid")
        words = f"{reason} at {path}"
        return told, {
            "error": {"code": told, "message": words, "errors": [{"reason": reason}]},
        }


@contextmanager
def fake_google() -> Iterator[FakeGoogle]:
    """A Google on a free port, which ends with the block."""
    fake = FakeGoogle()

    class Handler(BaseHTTPRequestHandler):
        def _told(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = fake.answer(self.command, urlsplit(self.path).path)
            told = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = _told  # noqa: N815 http.server's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()

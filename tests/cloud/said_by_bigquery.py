"""A BigQuery that says what it is told to: answers as Google's API gives them, on loopback.

For what the emulator cannot say: missing permissions, quotas, expired credentials, other regions.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, Any]]


def refusal(status: int, reason: str, message: str) -> Answer:
    """An error, as Google writes it."""
    error = {"code": status, "message": message, "status": reason,
             "errors": [{"reason": reason, "message": message, "domain": "global"}]}  # fmt: skip
    return status, {"error": error}


@dataclass
class SaidByBigQuery:
    """What it answers, by the method and what the path contains; the first that fits counts."""

    answers: list[tuple[str, str, Answer]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of all requests."""

    def says(self, method: str, path: str, answer: Answer) -> None:
        """From now on, `answer` requests to such paths so."""
        self.answers.insert(0, (method, path, answer))

    def fails_jobs(self, status: int, reason: str, message: str) -> None:
        """Take jobs, and tell of each that it has failed."""
        failed = {"reason": reason, "message": message}
        job = {
            "jobReference": {"projectId": "p", "jobId": "j", "location": "US"},
            "configuration": {"load": {}, "query": {"query": "select 1"}},
            "status": {"state": "DONE", "errorResult": failed, "errors": [failed]},
        }
        self.says("POST", "/jobs", (200, job))
        self.says("GET", "/jobs/", (200, job))
        self.says("GET", "/queries/", refusal(status, reason, message))

    def answer(self, method: str, path: str) -> Answer:
        """What it says to a request."""
        self.asked.append((method, path))
        for wanted, part, answer in self.answers:
            if method == wanted and part in path:
                return answer
        return refusal(404, "notFound", f"Not found: {path}")


@contextmanager
def answering(said: SaidByBigQuery) -> Iterator[str]:
    """Its address, while it answers."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = said.answer(self.command, self.path)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  the names that the base looks for

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()

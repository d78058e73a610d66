"""What is served while landing runs: `/metrics`, `/healthz`, `/readyz`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import msgspec
from prometheus_client.exposition import choose_encoder

from contracts.errors import UnavailableError
from contracts.logs import log
from streaming.monitor import Monitor
from streaming.settings import LandingSettings

_PATIENCE = 10.0
"""Seconds that a client has to ask its question."""


@contextmanager
def served(settings: LandingSettings, monitor: Monitor) -> Iterator[str | None]:
    """Serve what `monitor` knows; the address it is served at, None if it isn't.

    Raises:
        UnavailableError: The port is taken, or the address is none of this machine's.
    """
    if settings.metrics_port is None:
        yield None
        return
    with _server(settings.metrics_address, settings.metrics_port, monitor) as server:
        thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
        thread.start()
        address = f"http://{settings.metrics_address}:{server.server_port}"
        log.info("serving /metrics, /healthz, /readyz", address=address)
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()


def _server(address: str, port: int, monitor: Monitor) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"monitor": monitor})
    try:
        return ThreadingHTTPServer((address, port), handler)
    except OSError as error:
        raise UnavailableError(
            f"metrics can't be served at {address}:{port} ({error.strerror}): choose another "
            "MUSICFLOW_METRICS_PORT or MUSICFLOW_METRICS_ADDRESS"
        ) from error


class _Handler(BaseHTTPRequestHandler):
    monitor: Monitor
    timeout = _PATIENCE
    server_version, sys_version = "musicflow", ""

    def do_GET(self) -> None:
        match urlsplit(self.path).path:
            case "/metrics":
                encode, kind = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, kind, encode(self.monitor.metrics.registry))
            case "/healthz":
                self._say(well=self.monitor.is_alive())
            case "/readyz":
                self._say(well=self.monitor.is_ready())
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, *_: object) -> None:
        """Say nothing: every look of an orchestrator would be a line."""

    def _say(self, *, well: bool) -> None:
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status, "application/json", msgspec.json.encode(self.monitor.report()))

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

"""The webhook: a line arrives, a failure is told without the address, a wrong address is named."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from contracts.errors import ConfigurationError, UnavailableError
from contracts.webhook import ADDRESS, Webhook


@pytest.fixture
def receiver():
    """A server that keeps what is posted, and answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.taken.append(json.loads(body))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.taken, server.status = [], 200
        server.url = f"http://127.0.0.1:{server.server_port}/hook/T0K3N"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_text_is_posted(receiver):
    Webhook.read({ADDRESS: receiver.url}).post("listen_events: „stalled“")

    assert receiver.taken == [{"text": "listen_events: „stalled“"}]


def test_a_refusal_is_told_without_the_address(receiver):
    receiver.status = 404

    with pytest.raises(UnavailableError, match="HTTP Error 404") as told:
        Webhook(receiver.url).post("x")

    assert "T0K3N" not in str(told.value)


def test_nobody_there_is_told_without_the_address():
    with pytest.raises(UnavailableError, match="did not take an alert") as told:
        Webhook("http://127.0.0.1:1/T0K3N").post("x")

    assert "T0K3N" not in str(told.value)


def test_without_an_address_there_is_no_webhook():
    assert Webhook.read({}) is None
    assert Webhook.read({ADDRESS: ""}) is None


@pytest.mark.parametrize(
    "url",
    ["T0K3N", "file:///T0K3N", "http://", "http://h:x/T0K3N", "http://[T0K3N", "http://h/T0K3N\n"],
)
def test_what_is_no_address_is_refused_without_showing_it(url):
    with pytest.raises(ConfigurationError, match=ADDRESS) as told:
        Webhook.read({ADDRESS: url})

    assert "T0K3N" not in str(told.value)
    assert "T0K3N" not in repr(Webhook("https://h/T0K3N"))

"""Telling people of an alert: a line of text, posted as Slack and its like take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Self
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import msgspec

from contracts.errors import ConfigurationError, UnavailableError
from contracts.secret_files import secret

ADDRESS = "MUSICFLOW_ALERT_WEBHOOK"
PATIENCE = 5.0
"""Seconds that the other side has to answer."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where alerts are posted. Its address is a secret: who knows it can post."""

    url: str = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self | None:
        """The webhook that the environment names; None if it names none.

        Raises:
            ConfigurationError: It is no address on the web.
        """
        url = secret(environment, ADDRESS)
        if not url:
            return None
        if not _is_web_address(url):
            raise ConfigurationError(f"{ADDRESS} must be an address that begins with https://")
        return cls(url)

    def post(self, text: str) -> None:
        """Post `text`.

        Raises:
            UnavailableError: It did not arrive.
        """
        body = msgspec.json.encode({"text": text})
        order = Request(  # noqa: S310 - `read` lets http and https pass only
            self.url, body, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urlopen(order, timeout=PATIENCE):  # nosec B310  # noqa: S310 - as above
                pass
        except HTTPError as error:
            error.close()
            raise UnavailableError(f"{ADDRESS} did not take an alert: {error}") from error
        except (OSError, HTTPException) as error:
            # Those of the protocol may quote what they were asked for.
            why = error if isinstance(error, OSError) else type(error).__name__
            raise UnavailableError(f"{ADDRESS} did not take an alert: {why}") from error


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    clean = url.isascii() and url.isprintable() and " " not in url
    return clean and has_host and parts.scheme in {"http", "https"}

"""Secrets from the environment, or from files that it names, as Docker and Kubernetes give them."""

from collections.abc import Mapping
from pathlib import Path

from contracts.errors import ConfigurationError

SECRETS = (
    "KAFKA_SASL_PASSWORD",
    "KAFKA_SSL_KEY_PASSWORD",
    "MUSICFLOW_ALERT_WEBHOOK",
    "MUSICFLOW_DASHBOARD_PASSWORD",
    "MUSICFLOW_PSEUDONYM_KEY",
    "MUSICFLOW_SUPPRESSION_KEY",
    "POSTGRES_URL",
)
"""Every variable of ours that holds a secret; `<NAME>_FILE` may name a file that holds it."""


def secret(environment: Mapping[str, str], name: str) -> str:
    """What the variable `name` holds, or else the file that `<name>_FILE` names; empty if neither.

    The line break that editors leave at a file's end is no part of it.

    Raises:
        ConfigurationError: Both are set, or the file cannot be used. No value is in the message.
    """
    value, file = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    if not file:
        return value
    if value:
        raise ConfigurationError(f"{name} and {name}_FILE are both set: unset one of them")
    return _content(f"{name}_FILE", Path(file))


def _content(variable: str, file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{variable}: {file} can't be read ({error.strerror})") from error
    except UnicodeDecodeError:
        # Without the cause: its words quote the content.
        raise ConfigurationError(f"{variable}: {file} holds no text") from None
    if not (content := text.removesuffix("\n").removesuffix("\r")):
        raise ConfigurationError(f"{variable}: {file} is empty")
    return content

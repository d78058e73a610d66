"""The last resort: what goes wrong is said calmly on the page, and logged."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import MusicFlowError
from contracts.logs import log
from dashboard import components


@contextmanager
def guarded() -> Iterator[None]:
    """Whatever fails in the block ends it with a line for the reader.

    A fragment that refreshes itself needs one of its own: the page around it is not drawn again.
    """
    try:
        yield
    except MusicFlowError as error:
        components.broken("This can't be shown now", str(error))
    except Exception:  # noqa: BLE001  the last resort: the reader gets a line, the log the rest
        number = secrets.token_hex(4)
        log.exception("page failed", id=number)
        components.broken(
            "Something went wrong",
            f"It was logged as {number}. Reload the page; if it stays, tell who runs MusicFlow.",
        )

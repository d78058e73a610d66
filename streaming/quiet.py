"""What PySpark and py4j print by themselves when Spark dies; what happened is told in one line."""

import logging
import socketserver

from pyspark import accumulators


def silence_spark() -> None:
    """Keep stack traces of Spark's side off stderr. Call it in `main`."""
    # py4j speaks through its own logger, and in one place through the root one.
    for logger in (logging.getLogger(), logging.getLogger("py4j")):
        logger.addHandler(logging.NullHandler())
    logging.getLogger("py4j").propagate = False
    # The server that Spark's Java keeps a connection to; its end is noticed elsewhere. Its class
    # has another name in other releases of Spark.
    for each in vars(accumulators).values():
        if isinstance(each, type) and issubclass(each, socketserver.BaseServer):
            setattr(each, "handle_error", _say_nothing)  # noqa: B010 - typed as none of ours


def _say_nothing(_server: socketserver.BaseServer, _request: object, _client: object) -> None:
    """Stand in for `BaseServer.handle_error`, which prints."""

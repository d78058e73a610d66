"""Structured logs: every station writes one line per thing that happened, to stderr."""

import sys

import structlog


def configure_logs(*, json: bool = False) -> None:
    """Send logs to stderr as `key=value` lines, or one JSON object a line. Call it in `main`."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if json else structlog.processors.LogfmtRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        # Asked for at each line: whoever redirects stderr gets what is said from then on.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
"""The logger of every station; lazy until `configure_logs` was called."""

"""Logs go to stderr as it is when something is said, whoever configured them before."""

import contextlib
import io

from contracts.logs import configure_logs, log


def test_a_later_redirection_of_stderr_is_followed():
    configure_logs()
    log.info("before")
    later = io.StringIO()

    with contextlib.redirect_stderr(later):
        log.info("landed", rows=3)

    assert "rows=3" in later.getvalue()
    assert "event=landed" in later.getvalue()

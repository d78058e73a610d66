"""Who may look: everybody on this machine, those a proxy knows, or those with the password."""

import hmac
import time
from collections import deque
from contextlib import suppress
from threading import Lock

import streamlit as st

from contracts.logs import log
from dashboard import components
from dashboard.settings import Settings

GRANTED = "access-granted"
ATTEMPTS = 5
"""How many wrong passwords are taken from all readers together within `WINDOW_SECONDS`."""
WINDOW_SECONDS = 60.0


class Attempts:
    """Wrong passwords of the last minute, over all sessions: reconnecting does not help."""

    def __init__(self, most: int = ATTEMPTS, window_seconds: float = WINDOW_SECONDS) -> None:
        self.most = most
        self.window_seconds = window_seconds
        self._failed: deque[float] = deque()
        self._lock = Lock()

    def take(self, now: float) -> bool:
        """Whether one more may be tried at `now`, in seconds of a monotonic clock.

        It counts as wrong until it is given back, so that many at once are no way around.
        """
        with self._lock:
            while self._failed and self._failed[0] <= now - self.window_seconds:
                self._failed.popleft()
            is_allowed = len(self._failed) < self.most
            if is_allowed:
                self._failed.append(now)
            return is_allowed

    def give_back(self, at: float) -> None:
        """The one that was taken `at` this time was right."""
        with self._lock, suppress(ValueError):
            self._failed.remove(at)


_ATTEMPTS = Attempts()


def is_granted(settings: Settings) -> bool:
    """Whether this session may see the pages; asks for the password where one is needed."""
    if settings.user_header:
        return _known_to_proxy(settings.user_header)
    if settings.password:
        return st.session_state.get(GRANTED, False) or _asked(settings.password.get_secret_value())
    return True


def _known_to_proxy(header: str) -> bool:
    if st.context.headers.get(header):
        return True
    components.broken(
        "These pages are for people who have signed in",
        "The request came without the name of a reader. Open the dashboard by the address of "
        "its proxy.",
    )
    return False


def _asked(password: str) -> bool:
    """Ask for the password; whether the right one was given just now."""
    place = st.empty()
    with place.form("access", width=360):
        st.title("MusicFlow")
        given = st.text_input("Password", type="password", autocomplete="current-password")
        sent = st.form_submit_button("Open")
    if not sent:
        return False
    now = time.monotonic()
    if not _ATTEMPTS.take(now):
        st.warning("Too many wrong passwords: wait a minute, then try again.")
        return False
    if not hmac.compare_digest(given.encode(), password.encode()):
        log.warning("a wrong password was given")
        st.warning("That is not the password.")
        return False
    _ATTEMPTS.give_back(now)
    st.session_state[GRANTED] = True
    place.empty()
    return True

"""How the process keeps its memory."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""As glibc's malloc.h has them."""
KEPT_BYTES = 64 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let freed arrays be used again, where the C library would give them back at once.

    A simulation makes and drops arrays of the same megabytes over and over; fetching each from
    the system, page by page and cleared, takes a twentieth of its time.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # another C library has other ways
        mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, 2 * KEPT_BYTES)

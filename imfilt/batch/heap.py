"""The heap of this process, made to keep what pictures leave for the next ones."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# Names and numbers of the GNU C library, malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGEST_PART = 32 << 20
"""Bytes; what is larger comes from the system each time. The library takes no more for this."""
_MOST_KEPT = 1 << 30


def keep_freed_memory() -> None:
    """Let memory that was freed stay with the process, where its C library can be told so.

    Otherwise it goes back to the system after each picture, and to touch what comes in its place for the first time
    takes a tenth of the time of a batch.
    """
    with suppress(OSError, AttributeError, TypeError):  # other libraries have no such thing, and Windows no such name
        tune = ctypes.CDLL(None).mallopt
        tune(_M_MMAP_THRESHOLD, _LARGEST_PART)
        tune(_M_TRIM_THRESHOLD, _MOST_KEPT)

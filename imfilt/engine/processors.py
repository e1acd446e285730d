"""How many processors there are, and whether there is room for threads."""

from __future__ import annotations

import os
from pathlib import Path

_ROOM_FOR_THREADS = 256 << 20
"""Bytes of address space: the stacks and the heaps of a few threads, which are taken whole when they begin."""


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_room_for_threads() -> bool:
    """Return whether threads may be begun, for all that a limit of the address space (``ulimit -v``) leaves.

    For a thread that finds no memory before it has begun, Python waits without end.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return True
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return True
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return True
    return limit - pages * resource.getpagesize() > _ROOM_FOR_THREADS

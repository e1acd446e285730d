"""What the machine has: processors, their caches, and room for threads."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = {"K": 1 << 10, "M": 1 << 20}
_ROOM_FOR_THREADS = 256 << 20
"""Bytes of address space: the stacks and the heaps of a few threads, which are taken whole when they begin."""


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def second_level_cache() -> int:
    """Return the bytes of the first processor's second-level cache; 0 where the system does not say."""
    try:
        size = next(
            level.with_name("size").read_text() for level in _CACHES.glob("*/level") if level.read_text() == "2\n"
        )
    except (OSError, StopIteration):  # not on Linux
        return 0
    number, unit = size.strip()[:-1], size.strip()[-1:]
    return int(number) * _UNITS[unit] if number.isdecimal() and unit in _UNITS else 0


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

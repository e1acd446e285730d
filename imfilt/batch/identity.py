"""Which file is at a path: whether it is still the one that was there before."""

from __future__ import annotations

from pathlib import Path

FileIdentity = tuple[int, int, int]
"""What tells one file from the next of the same name: its number, its bytes, and when it was changed last."""


def identity_of(path: Path) -> FileIdentity | None:
    """Return which file is at a path; None where there is none to be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns

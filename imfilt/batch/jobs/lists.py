"""Lists of files: names, one a line, or parted by null bytes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from imfilt.batch.jobs.job import STREAM
from imfilt.errors import UsageError


def read_list(place: str, *, nulls: bool = False) -> list[str]:
    """Return the names in the file `place`, or in standard input where it is ``-``; empty lines are left out.

    `nulls` says that they are parted by null bytes, as ``find -print0`` does, so that a name may hold line ends. Raises
    `UsageError` where the list cannot be read, or holds null bytes unasked.
    """
    data = _read(place)
    if not nulls and b"\0" in data:
        raise UsageError(f"{_called(place)}: there are null bytes in this list; add -0 for names that they part")
    lines = data.split(b"\0") if nulls else data.replace(os.linesep.encode(), b"\n").split(b"\n")
    return [os.fsdecode(line) for line in lines if line]


def _read(place: str) -> bytes:
    try:
        if place != STREAM:
            return Path(place).read_bytes()
        if sys.stdin is None:
            raise UsageError("standard input is closed, so no list of files can be read from it")
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"{_called(place)}: the list cannot be read: {error.strerror or error}") from None


def _called(place: str) -> str:
    return "standard input" if place == STREAM else place

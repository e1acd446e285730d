"""Memory is bounded: a picture is admitted when there is room for it beside those in hand."""

from __future__ import annotations

from imfilt.batch.jobs import Job, size_of
from imfilt.images.formats import FORMATS

_SHARE = 0.8
"""Of the memory that is available when a batch begins, for its pictures."""
_COPIES = 2
"""Of the source that are in memory: itself, and a result that has another size or is encoded in memory."""
_SMALL_FILE = 1 << 14
_MOST_A_BYTE = 4096
"""Bytes that a byte of a file becomes at most when it is decoded: deflate makes 1032 of one, others some more."""


class Admission:
    """Which jobs are in hand, and the bytes that they need at most; a `budget` of None admits all."""

    def __init__(self, budget: int | None) -> None:
        self._budget = budget
        self._needs: dict[int, int] = {}
        self._held = 0

    def admits(self, number: int, job: Job) -> bool:
        """Whether there is room for a job; for one alone there always is. Where there is, it is taken."""
        if self._budget is None:
            return True
        need = self._needs.get(number)
        if need is None:
            need = self._needs[number] = memory_needed(job)
        if self._held and self._held + need > self._budget:
            return False
        self._held += need
        return True

    def release(self, number: int) -> None:
        """Give back what a job has taken."""
        self._held -= self._needs.pop(number, 0)


def memory_for_pictures() -> int | None:
    """Return the bytes that the pictures of a batch may take together; None where nobody knows."""
    from imfilt.batch.machine import available_memory  # for one picture needs none of this

    available = available_memory()
    return None if available is None else int(available * _SHARE)


def memory_needed(job: Job) -> int:
    """Return an estimate of the bytes that a job needs at most, from the header of its source.

    Frames are decoded one at a time, so their count is of no account.
    """
    size = size_of(job)
    if size <= _SMALL_FILE or job.source is None:
        return size * _MOST_A_BYTE
    from imfilt.images.header import read_header

    header = read_header(job.source, job.max_pixels)
    if header is None:
        return size
    codec_bytes = max(FORMATS[name].codec_bytes for name in (header.format, job.format or header.format))
    return header.columns * header.rows * (header.pixel_bytes * _COPIES + codec_bytes) + 2 * size

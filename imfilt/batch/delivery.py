"""Delivery: a result is written to its target, or to standard output."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from imfilt.batch.jobs import Job, Result
from imfilt.errors import PictureError
from imfilt.images.atomic import Manner, write_file


def deliver(write: Callable[[BinaryIO], None], result: Result, manner: Manner) -> None:
    """Let `write` write the file of a result, in one step, in a folder that is made if need be, or into the stream.

    Raises `PictureError` where the target is there already and may not be replaced, or the disk does not take it.
    """
    if result.target is None:
        stream = io.BytesIO()
        write(stream)
        _write_stream(stream.getvalue())
    else:
        _make_folder(result.target.parent)
        write_file(write, result.target, manner._replace(overwrite=result.overwrite))


def _write_stream(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with suppress(OSError):  # or what was not written would be tried again, and explained again, at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise PictureError(f"standard output cannot be written: {error.strerror or error}") from None


def manner_of(job: Job) -> Manner:
    """Return how the results are written: with the permissions of the source, and its times if they are kept."""
    if job.source is None:
        return Manner(is_synced=job.care.sync)
    try:
        source = job.source.stat()
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or error}") from None
    times = (source.st_atime_ns, source.st_mtime_ns) if job.care.keep_times else None
    return Manner(mode=source.st_mode & 0o777, times=times, is_synced=job.care.sync)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(f"{folder} cannot be made: {error.strerror or error}") from None

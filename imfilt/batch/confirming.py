"""Results that may be there already, of a run that was killed: they are made again, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.batch.jobs import Result
from imfilt.errors import PictureError
from imfilt.images.temporary import temporary_beside

if TYPE_CHECKING:
    from imfilt.batch.fingerprints import Content


@contextmanager
def confirmed(result: Result) -> Iterator[Result]:
    """Yield what the block is to write: `result`, or a file beside its target that is compared with it and removed.

    What is still as an earlier run wrote it may be replaced. Raises `PictureError` where something else is there that
    is not the same as the result, byte for byte: then the target is somebody else's.
    """
    target = result.target
    if not result.confirm or target is None or not lexists(target):
        yield result
        return
    if result.earlier is not None and _is_still(target, result.earlier):
        yield result._replace(overwrite=True)
        return
    from filecmp import cmp

    try:
        with temporary_beside(target) as beside:
            yield result._replace(target=beside, overwrite=False)
            if not cmp(beside, target, shallow=False):
                raise PictureError(_whose(target, result.earlier))
    except OSError as error:
        raise PictureError(f"cannot be compared with {target}: {error.strerror or error}") from None


def _is_still(target: Path, earlier: Content) -> bool:
    """Whether a file is what an earlier run wrote, or empty, as a power cut may leave it."""
    from imfilt.batch.fingerprints import hash_of_file

    try:
        size = target.stat().st_size
        return size == 0 or (size == earlier.size and (not earlier.sha256 or hash_of_file(target) == earlier.sha256))
    except OSError:
        return False


def _whose(target: Path, earlier: Content | None) -> str:
    if earlier is None:
        return f"{target} is there already, and this run would make another; move it away"
    return f"{target} has changed since it was written; move it away, and it is made again"

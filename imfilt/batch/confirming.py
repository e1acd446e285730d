"""Results that may be there already, of a run that was killed: they are made again, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os.path import lexists

from imfilt.batch.jobs import Result
from imfilt.errors import PictureError
from imfilt.images.temporary import temporary_beside


@contextmanager
def confirmed(result: Result) -> Iterator[Result]:
    """Yield what the block is to write: `result`, or a file beside its target that is compared with it and removed.

    Raises `PictureError` where the two are not the same, byte for byte: then the target is somebody else's.
    """
    if not result.confirm or result.target is None or not lexists(result.target):
        yield result
        return
    from filecmp import cmp

    try:
        with temporary_beside(result.target) as beside:
            yield result._replace(target=beside, overwrite=False)
            if not cmp(beside, result.target, shallow=False):
                raise PictureError(f"{result.target} is there already, and this run would make another; move it away")
    except OSError as error:
        raise PictureError(f"cannot be compared with {result.target}: {error.strerror or error}") from None

"""Backups: what a file was before a result takes its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imfilt.batch.identity import identity_of
from imfilt.errors import PictureError
from imfilt.images.temporary import temporary_beside


@contextmanager
def keeping(target: Path | None, backup: Path | None, *, is_synced: bool = False) -> Iterator[None]:
    """Keep the file `target` as `backup` while the block replaces it; where it was not replaced, there is no backup.

    The file is there under one of its names at least all the while; where `is_synced`, on the disk. Raises
    `PictureError` where there is another file of the name, or it cannot be made.
    """
    if target is None or backup is None:
        yield
        return
    try:
        was = identity_of(target)
        _keep(target, backup, is_synced)
    except FileExistsError:
        raise PictureError(f"the backup {backup} is there already; move it away, or choose another --backup") from None
    except OSError as error:
        raise PictureError(f"the backup {backup} cannot be made: {error.strerror or error}") from None
    try:
        yield
    except BaseException:
        if identity_of(target) == was:
            backup.unlink(missing_ok=True)
        raise


def _keep(target: Path, backup: Path, is_synced: bool) -> None:
    try:
        backup.hardlink_to(target)
    except FileExistsError:
        if not backup.samefile(target):  # which a run left that was killed at this point
            raise
    except OSError:  # a file system without hard links
        _copy(target, backup, is_synced)


def _copy(target: Path, backup: Path, is_synced: bool) -> None:
    import shutil

    with temporary_beside(backup) as temporary:
        shutil.copy2(target, temporary)
        if is_synced:
            with temporary.open("rb") as copy:
                os.fsync(copy.fileno())
        if backup.exists():
            raise FileExistsError
        temporary.rename(backup)

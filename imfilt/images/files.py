"""Files that are made whole or not at all, and never over another unless that is asked for."""

from __future__ import annotations

import os
from pathlib import Path

from imfilt.errors import PictureError, TargetError
from imfilt.images.atomic import is_special, move_into_place
from imfilt.images.temporary import temporary_beside


def check_target(target: Path, *, overwrite: bool) -> None:
    """Raise `TargetError` where something is in the way, or there is no folder for it."""
    if target.is_dir():
        raise TargetError(f"{target}: is a folder; choose another name")
    if is_special(target):
        raise TargetError(f"{target}: is neither a file nor a folder; choose another name")
    if os.path.lexists(target) and not overwrite:
        raise TargetError(f"{target}: is there already; use --overwrite to replace it")
    if not target.parent.is_dir():
        raise TargetError(f"{target.parent}: there is no such folder; make it first")


def write_file(target: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file beside its target, and move it into place when it is whole; raise `PictureError` if it cannot be."""
    try:
        with temporary_beside(target) as temporary:
            temporary.write_bytes(data)
            move_into_place(temporary, target, overwrite)
    except FileExistsError:
        raise PictureError(f"{target}: is there already; use --overwrite to replace it") from None
    except OSError as error:
        raise PictureError(f"{target}: cannot be written: {error.strerror or error}") from None

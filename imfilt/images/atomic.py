"""Files that are whole or not there: each is written beside its target, and moved into place in one step."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from imfilt.errors import PictureError, TargetError
from imfilt.images.temporary import temporary_beside
from imfilt.quick import NamedTuple

_BLOCK = 1 << 20


class Manner(NamedTuple):
    """How a file is written."""

    overwrite: bool = False
    """Whether a file that is there already may be replaced."""
    mode: int | None = None
    """The permissions of the new file; those of any new file where it is None."""
    times: tuple[int, int] | None = None
    """When it was read and changed last, in nanoseconds since 1970; now where it is None."""
    is_synced: bool = False
    """Whether it, and its entry in the folder, are on the disk before it counts as written."""


def write_file(write: Callable[[BinaryIO], None], target: Path, manner: Manner) -> None:
    """Let `write` write a new file, and make it `target` in one step.

    A file of the very same bytes that has appeared meanwhile is taken for the result: another attempt at the same
    picture made it, of which nobody heard any more.

    Raises `PictureError` where another file is there and may not be replaced, or the disk does not take it. Nothing is
    left behind then.
    """
    try:
        _make(write, target, manner)
    except FileExistsError:
        raise PictureError("the target is there already; use --overwrite or --skip-existing") from None
    except OSError as error:
        raise PictureError(f"cannot be written: {error.strerror or error}") from None


def write_bytes(data: bytes, target: Path, manner: Manner) -> None:
    """Write `data` as `write_file` does; the `PictureError` names the file."""
    try:
        _make(lambda stream: stream.write(data), target, manner)
    except FileExistsError:
        raise PictureError(f"{target}: is there already; use --overwrite to replace it") from None
    except OSError as error:
        raise PictureError(f"{target}: cannot be written: {error.strerror or error}") from None


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


def _make(write: Callable[[BinaryIO], object], target: Path, manner: Manner) -> None:
    with temporary_beside(target) as temporary:
        _write(write, temporary, manner)
        try:
            move_into_place(temporary, target, manner.overwrite)
        except FileExistsError:
            if not _are_same(temporary, target):
                raise
        if manner.is_synced:
            sync_folder(target.parent)


def _write(write: Callable[[BinaryIO], object], temporary: Path, manner: Manner) -> None:
    opener = partial(os.open, mode=0o666 if manner.mode is None else 0o600)
    with open(temporary, "x+b", opener=opener) as stream:
        write(stream)
        _check_disk(stream)
        if manner.is_synced:
            os.fsync(stream.fileno())
    if manner.mode is not None:
        temporary.chmod(manner.mode)
    if manner.times is not None:
        os.utime(temporary, ns=manner.times)


def _check_disk(stream: BinaryIO) -> None:
    """Raise `OSError` where the disk is full: encoders do not always notice that their last bytes were not taken."""
    end = stream.seek(0, os.SEEK_END)
    stream.write(b"\0")
    stream.flush()
    stream.truncate(end)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the entries of a folder."""
    if os.name == "nt":  # where a folder cannot be opened
        return
    entries = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entries)
    finally:
        os.close(entries)


def move_into_place(temporary: Path, target: Path, overwrite: bool) -> None:
    """Give a whole file its name in one step; raise `FileExistsError` where it is taken and may not be overwritten.

    A device or a pipe is never replaced: `OSError`.
    """
    if overwrite:
        if is_special(target):
            raise OSError(errno.EINVAL, "what is there is neither a file nor a folder; choose another name")
        temporary.replace(target)
        return
    if os.name == "nt":
        temporary.rename(target)  # fails there where something is there
        return
    try:
        target.hardlink_to(temporary)  # fails where something is there, in one step
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError from None
        temporary.rename(target)
    else:
        temporary.unlink()


def is_special(target: Path) -> bool:
    """Whether a device, a pipe or a socket is there, or a link to one."""
    return target.exists() and not (target.is_file() or target.is_dir())


def _are_same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes; a link is never the same."""
    with suppress(OSError):
        if other.is_symlink() or one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb") as left, other.open("rb") as right:
            while block := left.read(_BLOCK):
                if block != right.read(_BLOCK):
                    return False
        return True
    return False

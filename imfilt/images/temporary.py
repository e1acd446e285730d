"""Temporary files: their names say who owns them, so that what a process that was killed has left can be removed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from os.path import lexists
from pathlib import Path

_NAME = r"\.imfilt-(?P<process>[0-9]+)-[0-9a-f]{16}-(?P<host>[\w-]*)\.tmp"
_PREFIX = ".imfilt-"
_in_use: dict[str, Path] = {}
"""By name, of which there is but one, for a folder can be called in several ways."""


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """Return the context in which a temporary file in the folder of `target` may be; afterwards it is gone."""
    temporary = target.with_name(f"{_PREFIX}{os.getpid()}-{os.urandom(8).hex()}-{_host()}.tmp")
    _in_use[temporary.name] = temporary
    try:
        try:
            yield temporary
        finally:
            _remove(temporary)
    finally:  # once more, for a signal may have come just before the first time
        _remove(temporary)
        _in_use.pop(temporary.name, None)


def remove_own() -> None:
    """Remove the temporary files of this process, which ends: threads may be in the middle of writing them."""
    for temporary in tuple(_in_use.values()):
        _remove(temporary)


def remove_strays(folder: Path) -> None:
    """Remove the temporary files in `folder` whose owner, a process of this machine, is gone.

    On Windows they are left alone, for there is no harmless way to ask whether a process lives.
    """
    if os.name == "nt":
        return
    with suppress(OSError), os.scandir(folder) as entries:
        strays = [entry.name for entry in entries if entry.name.startswith(_PREFIX) and _is_stray(entry.name)]
        for name in strays:
            _remove(folder / name)


def _is_stray(name: str) -> bool:
    match = re.fullmatch(_NAME, name)
    if match is None or match["host"] != _host():
        return False
    owner = int(match["process"])
    return name not in _in_use if owner == os.getpid() else not _lives(owner)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    with suppress(OSError, IndexError):  # a zombie can be asked too, and lives no more
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return True


@cache
def _host() -> str:
    """Return the name of this machine, as far as it fits into the name of a file anywhere."""
    return re.sub(r"[^A-Za-z0-9-]", "_", os.uname().nodename if hasattr(os, "uname") else "")[:40]


def _remove(temporary: Path) -> None:
    if lexists(temporary):  # mostly it has been moved into place
        with suppress(OSError):  # it is gone, or its disk is
            temporary.unlink()

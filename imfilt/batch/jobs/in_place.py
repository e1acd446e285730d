"""Results that take the places of their sources, which may be kept under another name."""

from __future__ import annotations

import os

from imfilt.batch.jobs.conflicts import Decision, check_folder
from imfilt.batch.jobs.request import Request
from imfilt.batch.jobs.sources import Source
from imfilt.errors import TargetError


def replace_sources(sources: list[Source], request: Request) -> list[tuple[Source, list[Decision]]]:
    """Return what is to be done about each source; a link stays, and the file that it leads to is replaced.

    Raises `TargetError` where a folder cannot be written to, or the place of a backup is taken.
    """
    decided = []
    for source in sources:
        target = os.path.realpath(source.path)
        backup = target + request.backup if request.backup else None
        if backup and os.path.lexists(backup) and not _is_left_over(backup, target):
            raise TargetError(f"{backup}: is there already; move it away, or choose another --backup")
        shown = target if os.path.islink(source.path) else source.path
        decided.append((source, [Decision(shown, overwrite=True, backup=backup)]))
    for folder in sorted({os.path.dirname(decisions[0].target) for _, decisions in decided}):
        check_folder(folder or os.curdir, may_be_made=False)
    return decided


def _is_left_over(backup: str, target: str) -> bool:
    """Whether the backup is of a run that was killed just before it replaced the source."""
    return os.path.exists(backup) and os.path.samefile(backup, target)

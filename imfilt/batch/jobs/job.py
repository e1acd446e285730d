"""The job: one source, and all that is made of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.batch.care import USUAL_CARE, Care
from imfilt.engine.recipes.recipe import Recipe
from imfilt.images.limits import MAX_PIXELS
from imfilt.images.saving import Saving
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.fingerprints import Content

STREAM = "-"
AS_USUAL = Saving()


class Result(NamedTuple):
    """What is made of a source: one target, one recipe."""

    target: Path | None
    """None for standard output."""
    recipe: Recipe
    overwrite: bool = False
    """Whether a file that is there already may be replaced."""
    confirm: bool = False
    """Whether a file that is there already may be this very result, which is to be made sure."""
    earlier: Content | None = None
    """What an earlier run wrote there: as long as it is that, it may be replaced."""
    backup: Path | None = None
    """Where the file that is replaced is kept."""


class Job(NamedTuple):
    """One source, which is read once, and all that is made of it."""

    source: Path | None
    """None for standard input."""
    results: tuple[Result, ...]
    format: str | None = None
    """The format to write, a key of `FORMATS`; that of the source where it is not given."""
    max_pixels: int = MAX_PIXELS
    threads: int | None = None
    strategy: str | None = None
    saving: Saving = AS_USUAL
    frame: int | None = None
    """The only frame or page to be filtered, counted from 0; None for all."""
    care: Care = USUAL_CARE

    @property
    def only_target(self) -> Path | None:
        """The target, where there is one result alone."""
        return self.results[0].target if len(self.results) == 1 else None

    @property
    def replaces_source(self) -> bool:
        """Whether a result takes the place of the source, which may be a link to that place."""
        return self.source is not None and any(
            result.overwrite and result.target is not None and _are_one(self.source, result.target)
            for result in self.results
        )


def size_of(job: Job) -> int:
    """Return the bytes of a source, 0 where nobody knows."""
    try:
        return os.stat(job.source).st_size if job.source is not None else 0
    except OSError:
        return 0


def _are_one(source: Path, target: Path) -> bool:
    try:
        return source == target or os.path.samefile(source, target)
    except OSError:  # one of them is not there
        return False

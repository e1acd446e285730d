"""What became of the jobs, and which exit status that is."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.engine.recipes.recipe import Recipe
from imfilt.errors import ImfiltError
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.fingerprints import Content
    from imfilt.engine.finishing.clipped import Clipped


class Status(Enum):
    """What became of one job."""

    WRITTEN = "written"
    SKIPPED = "skipped"
    FAILED = "failed"


class Outcome(NamedTuple):
    """One job, or one input that made none, and what became of it."""

    source: Path | None
    """None for standard input."""
    status: Status
    target: Path | None = None
    """None for standard output, and where there is no target."""
    error: ImfiltError | None = None
    notes: tuple[str, ...] = ()
    """What a person should know of a result that was written, in lines."""
    plan: tuple[str, ...] = ()
    """How the engine went about it, in lines for a person, where that was asked for."""
    recipe: Recipe | None = None
    """What was done, or was to be; None for an input that made no job."""
    seconds: float = 0.0
    """How long it took; what is read once for several results counts for the first."""
    size: tuple[int, int] | None = None
    """Columns and rows of a result that was written, of one frame where there are several."""
    clipped: Clipped | None = None
    """How many results lay beyond the range of the samples, where that was asked for."""
    content: Content | None = None
    """What was written, where a later run may go by it."""


def let_go_of_locals(error: BaseException | None) -> None:
    """Forget the variables of the calls that an error, and those behind it, came through: pixels may be among them.

    What is kept is enough for a traceback.
    """
    seen: set[int] = set()
    following: list[BaseException | None] = [error]
    while following:
        each = following.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            traceback.clear_frames(each.__traceback__)
            following += each.__cause__, each.__context__


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return the exit status of a run: 0 all written or skipped, 1 an input failed, 2 none could be done as asked."""
    outcomes = list(outcomes)
    codes = {outcome.error.exit_code for outcome in outcomes if outcome.error is not None}
    if any(outcome.status is Status.WRITTEN for outcome in outcomes):
        return 1 if codes else 0
    return min(codes, default=0)

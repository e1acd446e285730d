"""A progress bar on standard error, for several pictures on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.batch.jobs import Job
from imfilt.batch.observer import Observer
from imfilt.batch.outcomes import Outcome
from imfilt.views.plain import printable

if TYPE_CHECKING:
    from rich.progress import Progress

_NAMES = 2
"""Files that are named at the same time."""


@contextmanager
def progress_over(results: int, *, quiet: bool) -> Iterator[Observer]:
    """Show a bar for so many `results` while the block runs, and yield what moves it; nothing off a terminal."""
    if quiet or results < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield Observer()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
    )
    console = Console(stderr=True, soft_wrap=True)
    on_one_terminal = sys.stdout is not None and sys.stdout.isatty()
    progress = Progress(*columns, console=console, transient=True, redirect_stdout=on_one_terminal, expand=True)
    try:
        yield Bar(progress, results)
    finally:
        progress.stop()


class Bar(Observer):
    """Moves a bar; names those jobs that were handed over first, which are those that are worked on.

    It appears with the first job: it has a thread of its own, and a process is only forked before.
    """

    def __init__(self, progress: Progress, results: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=results, rate="")
        self._in_hand: dict[Path | None, None] = {}
        self._pixels = 0
        self._start = time.perf_counter()

    def begun(self, job: Job) -> None:
        """Name a job."""
        self._progress.start()  # which does nothing when it has started
        self._in_hand[job.source] = None
        self._show(0)

    def ended(self, job: Job, outcomes: Sequence[Outcome]) -> None:
        """Move on by the results of a job."""
        self._in_hand.pop(job.source, None)
        self._pixels += sum(each.size[0] * each.size[1] for each in outcomes if each.size is not None)
        self._show(len(job.results))

    def _show(self, results: int) -> None:
        names = [printable(source.name) for source in self._in_hand if source is not None]
        rate = self._pixels / 1e6 / max(time.perf_counter() - self._start, 1e-9)
        self._progress.update(
            self._task, advance=results, description=" ".join(names[:_NAMES]), rate=f"{rate:.1f} MP/s"
        )

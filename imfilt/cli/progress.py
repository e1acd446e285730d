"""A progress bar on standard error, for several pictures on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_over(jobs: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show a bar while the block runs, and yield what moves it by one job; off a terminal nothing is shown."""
    if quiet or jobs < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("filtering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True, soft_wrap=True)
    on_one_terminal = sys.stdout is not None and sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=on_one_terminal) as bar:
        task = bar.add_task("", total=jobs)
        yield lambda: bar.advance(task)

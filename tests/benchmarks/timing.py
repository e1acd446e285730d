"""Runs in turn, and what is made of their times."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)

SLOW = 8.0
"""What takes so many times as long as imfilt is run once only."""

PATIENCE = 60.0
"""Seconds; what takes longer is run once only."""


@dataclass(frozen=True)
class Usage:
    """What one run took."""

    seconds: float
    """By the clock on the wall."""
    processor: float = 0.0
    """Seconds of all processors, of the user and of the system."""
    peak: int = 0
    """The most memory that was in use, in bytes."""


class CommandError(Exception):
    """A command that did not end well; the text is the last line that it wrote."""


class OtherPictureError(Exception):
    """A picture that is not the one that imfilt gives; the text says by how much."""


def timed(work: Callable[[], object]) -> Usage:
    """Call `work` in this process."""
    processor = time.process_time()
    start = time.perf_counter()
    work()
    return Usage(time.perf_counter() - start, time.process_time() - processor)


def timed_command(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Usage:
    """Run a command; raise `CommandError` unless its exit status is 0.

    A small process of its own starts it and measures it (see usage.py), for this one may be large, and what it starts
    would be said to have been as large as itself.
    """
    helper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("usage.py")), *command]
    result = subprocess.run(
        helper, capture_output=True, text=True, env={**os.environ, **(environment or {})}, check=False
    )
    if result.returncode:
        raise CommandError((result.stderr.strip().splitlines() or [f"exit status {result.returncode}"])[-1])
    seconds, processor, peak = result.stdout.split()
    return Usage(float(seconds), float(processor), int(peak))


def interleave(
    works: Mapping[Name, Callable[[], Usage]], runs: int, warm: Mapping[Name, Usage] | None = None
) -> dict[Name, list[Usage]]:
    """Run all in turn, `runs` times, when all have run once to warm up; the first is what the others are compared with.

    One that took more than `SLOW` times as long as the first to warm up, or longer than `PATIENCE`, is not run again:
    that run counts. What they took may be given as `warm`, where they have run already.
    """
    warm = warm or {name: work() for name, work in works.items()}
    limit = min(SLOW * next(iter(warm.values())).seconds, PATIENCE)
    slow = {name for name, usage in warm.items() if usage.seconds > limit}
    usages: dict[Name, list[Usage]] = {name: [warm[name]] if name in slow else [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            if name not in slow:
                usages[name].append(work())
    return usages


def middle(usages: Sequence[Usage]) -> Usage:
    """Return the medians."""
    return Usage(
        median(each.seconds for each in usages),
        median(each.processor for each in usages),
        round(median(each.peak for each in usages)),
    )


def ratio(ours: Sequence[Usage], theirs: Sequence[Usage]) -> float:
    """Return the median of our seconds over theirs, run by run; what was run once stands for all of its runs."""
    runs = max(len(ours), len(theirs))
    ours, theirs = (each if len(each) == runs else [each[0]] * runs for each in (ours, theirs))
    return median(our.seconds / their.seconds for our, their in zip(ours, theirs, strict=True))

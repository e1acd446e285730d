"""An executor that makes each call in this process, until other processes are worth it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from imfilt.batch.jobs import Job, size_of
from imfilt.batch.runners.executor import JobExecutor
from imfilt.batch.runners.table import Setting
from imfilt.engine.threads import HereExecutor

if TYPE_CHECKING:
    from imfilt.batch.runners.processes import ProcessExecutor

# Measured on two processors (tests/benchmarks/workers.py): with less work than this, one process is done before. Those
# that are forked are at work at once; those that are started import everything first.
_WORTH_FORKING = 0.1
_WORTH_STARTING = 0.3
_SECONDS_A_JOB = 0.0006
_SECONDS_A_BYTE = 6e-8
_LARGE_FILE = 4_000_000
"""Bytes of a source that waits for a process of its own rather than being worked on meanwhile."""


class GrowingExecutor(JobExecutor):
    """Makes calls over jobs in this process, until other processes are worth starting and have started."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._done = 0
        self._here = HereExecutor()
        self._spent = 0.0
        self._processes: ProcessExecutor | None = None
        if setting.workers > 1 and _seconds_for(setting.jobs) > _worth_processes():
            self._grow()

    @property
    def takes_bundles(self) -> bool:
        """Whether a call is made for several jobs at a time: only where each job has to wake a process."""
        return self._processes is not None and self._processes.ready.is_set()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Make the call, over a few jobs, here, or let a process make it."""
        if self._processes is not None and (self._processes.ready.is_set() or _has_large_source(*arguments)):
            return self._processes.submit(function, *arguments, **named)
        start = time.perf_counter()
        future = self._here.submit(function, *arguments, **named)
        self._done += 1
        if self._done > 1 and self._processes is None and self._setting.workers > 1:  # the first one imports NumPy
            self._spent += time.perf_counter() - start
            left = len(self._setting.jobs) - self._done
            if self._spent / (self._done - 1) * left > _worth_processes():
                self._grow()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, if there are any."""
        if self._processes is not None:
            self._processes.shutdown(wait, cancel_futures=cancel_futures)

    def _grow(self) -> None:
        from imfilt.batch.runners.processes import ProcessExecutor

        self._processes = ProcessExecutor(self._setting.workers, self._setting.on_death)


def _worth_processes() -> float:
    """Return how many seconds of work are worth other processes."""
    from imfilt.batch.runners.children import may_fork

    return _WORTH_FORKING if may_fork() else _WORTH_STARTING


def _seconds_for(jobs: Sequence[Job]) -> float:
    """Return an estimate of how long the jobs take, by the sizes of their sources: as much as is of interest."""
    seconds = 0.0
    for job in jobs:
        seconds += _SECONDS_A_JOB + _SECONDS_A_BYTE * size_of(job)
        if seconds > _WORTH_STARTING:
            break
    return seconds


def _has_large_source(calls: Sequence[tuple[Job, Any]]) -> bool:
    return any(size_of(job) > _LARGE_FILE for job, _ in calls)

"""Executors of this process: one that makes each call at once, and one that does until other processes are worth it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from imfilt.batch.jobs import Job
from imfilt.batch.runners import Setting, size_of

if TYPE_CHECKING:
    from imfilt.batch.processes import ProcessExecutor

# Measured: two processes are at work 0.3 seconds after they were started, and take as much from the processors.
# Less work than this, and one process is done before.
_WORTH_PROCESSES = 0.6
_SECONDS_A_JOB = 0.001
_SECONDS_A_BYTE = 4e-8
_LARGE_FILE = 4_000_000
"""Bytes of a source that waits for a process of its own rather than being worked on meanwhile."""


class SerialExecutor(Executor):
    """Makes each call at once, in this thread."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Make the call; signals that arrive meanwhile are raised here."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


class GrowingExecutor(Executor):
    """Makes calls in this process, until other processes are worth starting and have started."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._done = 0
        self._here = SerialExecutor()
        self._spent = 0.0
        self._processes: ProcessExecutor | None = None
        if setting.workers > 1 and _is_worth_processes(setting.jobs):
            self._grow()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Make the call here, or let a process make it."""
        if self._processes is not None and (self._processes.ready.is_set() or _has_large_source(arguments)):
            return self._processes.submit(function, *arguments, **named)
        start = time.perf_counter()
        future = self._here.submit(function, *arguments, **named)
        self._done += 1
        if self._done > 1 and self._processes is None and self._setting.workers > 1:  # the first one imports NumPy
            self._spent += time.perf_counter() - start
            left = len(self._setting.jobs) - self._done
            if self._spent / (self._done - 1) * left > _WORTH_PROCESSES:
                self._grow()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, if there are any."""
        if self._processes is not None:
            self._processes.shutdown(wait, cancel_futures=cancel_futures)

    def _grow(self) -> None:
        from imfilt.batch.processes import ProcessExecutor

        self._processes = ProcessExecutor(self._setting.workers, self._setting.on_death)


def _is_worth_processes(jobs: Sequence[Job]) -> bool:
    """Whether the jobs take long, by the sizes of their sources."""
    seconds = 0.0
    for job in jobs:
        seconds += _SECONDS_A_JOB + _SECONDS_A_BYTE * size_of(job)
        if seconds > _WORTH_PROCESSES:
            return True
    return False


def _has_large_source(arguments: tuple[Any, ...]) -> bool:
    return any(isinstance(each, Job) and size_of(each) > _LARGE_FILE for each in arguments)

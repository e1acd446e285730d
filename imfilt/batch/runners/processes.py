"""An executor of processes that survives the death of each of them.

`concurrent.futures.ProcessPoolExecutor` breaks as a whole when one of its processes dies, and does not tell over which
call. Here each process has a thread of this one, which hands it calls and knows which it has in hand: a call over which
the process dies is made once more, in a new process, and the other calls do not notice.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from itertools import zip_longest
from queue import Empty, SimpleQueue
from typing import Any

from imfilt.batch.runners.channel import BROKEN
from imfilt.batch.runners.children import PATIENCE, Child, StartedChild, fork_children
from imfilt.batch.runners.executor import JobExecutor
from imfilt.quick import NamedTuple

_ATTEMPTS = 2

OnDeath = Callable[[int, tuple[Any, ...]], None]
"""Is told the process id of a worker that died, and the arguments of the call that it had in hand."""


class WorkerDied(BrokenExecutor):
    """A call over which two processes died, one after the other; the text says how."""


class _Call(NamedTuple):
    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class ProcessExecutor(JobExecutor):
    """Makes calls in `workers` processes, which are started at once; `ready` is set when the first can take a call."""

    def __init__(self, workers: int, on_death: OnDeath | None = None) -> None:
        self.ready = threading.Event()
        self._on_death = on_death
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._processes: set[Child] = set()
        self._lock = threading.Lock()
        self._is_stopping = False
        forked = fork_children(workers)
        self._processes.update(forked)
        if forked:
            self.ready.set()
        self._threads = [
            threading.Thread(target=self._attend, args=(child,), daemon=True)
            for child, _ in zip_longest(forked, range(workers))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def takes_bundles(self) -> bool:
        """Whether a call is to be for several small jobs: to wake a process takes as long as one."""
        return True

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Let a process call `function` with positional arguments; all three have to be picklable."""
        if named:
            raise TypeError("arguments for another process are given by their position")
        future: Future[Any] = Future()
        self._calls.put(_Call(future, function, arguments))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, when all calls are made; with `cancel_futures` at once, in the middle of their calls."""
        if cancel_futures:
            with self._lock:
                self._is_stopping = True
                for process in self._processes:
                    process.terminate()
            self._cancel_waiting()
        for _ in self._threads:
            self._calls.put(None)
        if cancel_futures:
            self._end_what_does_not_stop()
        if wait:
            for thread in self._threads:
                thread.join()

    def _end_what_does_not_stop(self) -> None:
        """Kill the processes that have not ended in good time after they were told to."""
        deadline = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        with self._lock:
            for process in self._processes:
                process.kill()

    def _cancel_waiting(self) -> None:
        try:
            while True:
                call = self._calls.get_nowait()
                if call is not None:
                    call.future.cancel()
        except Empty:
            return

    def _start(self) -> Child:
        """Return a process that can take calls; raise one of `BROKEN` where it dies before."""
        with self._lock:
            if self._is_stopping:
                raise EOFError
            process = StartedChild()
            self._processes.add(process)
        return self._when_ready(process)

    def _when_ready(self, process: Child) -> Child:
        try:
            process.channel.receive()
        except BROKEN:
            self._bury(process)
            raise
        self.ready.set()
        return process

    def _attend(self, forked: Child | None) -> None:
        """Hand calls to one process after another, in a thread of its own; the first may be there already."""
        process: Child | None = None
        try:
            process = self._when_ready(forked) if forked else self._start()
        except BROKEN:
            self.ready.set()  # and the first call will find out whether that was chance
        while (call := self._calls.get()) is not None:
            if not call.future.set_running_or_notify_cancel():
                continue
            try:
                process = self._make(call, process)
            except Exception as problem:  # or the call would be waited for without end
                process = None
                if not call.future.done():
                    call.future.set_exception(problem)
        if process is not None:
            with suppress(*BROKEN):
                process.channel.send(None)
            self._bury(process)

    def _make(self, call: _Call, process: Child | None) -> Child | None:
        """Make a call, in another process if this one dies over it; return the process that lives, if any."""
        ends = []
        for _ in range(_ATTEMPTS):
            try:
                process = process or self._start()
                process.channel.send((call.function, call.arguments))
                result, error = process.channel.receive()
            except BROKEN:
                ends.append(self._bury(process, call))
                process = None
                if self._is_stopping:
                    break
                continue
            except Exception as problem:  # of what cannot be pickled, one half may have been sent
                if process is not None:
                    process.terminate()
                    self._bury(process)
                call.future.set_exception(problem)
                return None
            if error is not None:
                call.future.set_exception(error)
            else:
                call.future.set_result(result)
            return process
        call.future.set_exception(WorkerDied(f"the worker process {' and then '.join(map(_described, ends))}"))
        return None

    def _bury(self, process: Child | None, call: _Call | None = None) -> int | None:
        """Return how a process ended, when all that it leaves behind is taken care of."""
        if process is None:
            return None
        status = process.end()
        with self._lock:
            self._processes.discard(process)
        if call is not None and self._on_death is not None:
            self._on_death(process.pid, call.arguments)
        return status


def _described(status: int | None) -> str:
    if status is None:
        return "could not be started"
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"

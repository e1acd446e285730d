"""Worker processes as the process that started them sees them: forked where that is safe, and started where it is not.

A fork has all modules already, where a process that is started takes a tenth of a second of a processor to import them.
It is safe where there is one thread alone: otherwise it would have the locks that other threads hold, and not these
threads. Linux says how many there are, those of libraries among them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn, Protocol, cast

from imfilt.batch.runners.channel import Channel

PATIENCE = 5.0
"""Seconds that a process may take to clean up when it is told to stop."""
_PAUSE = 0.002
_THREADS = Path("/proc/self/task")

_START = "import sys; sys.path[:] = {path!r}; from imfilt.batch.runners.worker import main; main()"


class Child(Protocol):
    """A process that runs `imfilt.batch.runners.worker`."""

    channel: Channel
    pid: int

    def terminate(self) -> None:
        """Let it stop what it does, and clean up."""

    def kill(self) -> None:
        """End it, whatever it does."""

    def end(self) -> int:
        """Wait until it has ended, which may be made to happen; return its exit status as `Popen.returncode`."""


class StartedChild:
    """A process of an interpreter of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-c", _START.format(path=sys.path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # They are there, for they were asked for.
        self.channel = Channel(cast(IO[bytes], self._process.stdout), cast(IO[bytes], self._process.stdin))
        self.pid = self._process.pid

    def terminate(self) -> None:
        """Let it stop what it does, and clean up."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()

    def end(self) -> int:
        """Wait until it has ended, which may be made to happen; return its exit status as `Popen.returncode`."""
        self.channel.close()
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class ForkedChild:
    """A copy of this process; `others` are those that were made before it."""

    def __init__(self, others: Sequence[ForkedChild]) -> None:
        calls, self._calls = os.pipe()
        self._results, results = os.pipe()
        self._lock = threading.Lock()
        self._status: int | None = None
        ours = [end for each in (*others, self) for end in (each._calls, each._results)]
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # none is to be handled twice
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _be_worker(calls, results, ours, before)
        except OSError:
            for end in (self._calls, self._results):
                os.close(end)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(calls)
            os.close(results)
        self.channel = Channel(os.fdopen(self._results, "rb"), os.fdopen(self._calls, "wb"))

    def terminate(self) -> None:
        """Let it stop what it does, and clean up."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._send(signal.SIGKILL)

    def end(self) -> int:
        """Wait until it has ended, which may be made to happen; return its exit status as `Popen.returncode`."""
        self.channel.close()
        deadline = time.monotonic() + PATIENCE
        while (status := self._ended()) is None:
            if time.monotonic() > deadline:
                self._send(signal.SIGKILL)
            time.sleep(_PAUSE)
        return status

    def _ended(self) -> int | None:
        with self._lock:
            if self._status is None:
                try:
                    pid, status = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:  # whoever started this process lets children vanish unseen
                    pid, status = self.pid, 0
                if pid:
                    self._status = os.waitstatus_to_exitcode(status)
            return self._status

    def _send(self, number: signal.Signals) -> None:
        with self._lock:
            if self._status is None:  # or another process might have its number by now
                os.kill(self.pid, number)


def fork_children(count: int) -> list[ForkedChild]:
    """Return up to `count` processes that can take calls at once: none where it is not safe to fork."""
    children: list[ForkedChild] = []
    if not may_fork():
        return children
    import imfilt.batch.runners.worker  # noqa: F401 (which imports what all of them need)

    if not may_fork():  # a library has begun a thread
        return children
    with suppress(OSError):  # there is no room for another one
        for _ in range(count):
            children.append(ForkedChild(children))
    return children


def may_fork() -> bool:
    """Return whether it is safe to fork: there is one thread alone, and all standard streams are there."""
    if None in (sys.stdin, sys.stdout, sys.stderr):  # whose numbers other files may have
        return False
    try:
        return len(list(_THREADS.iterdir())) == 1
    except OSError:
        return False


def _be_worker(calls: int, results: int, foreign: Sequence[int], signals: Iterable[int]) -> NoReturn:
    """Do what `imfilt.batch.runners.worker.main` does, in a process that has much that is not its own."""
    try:
        for end in foreign:
            os.close(end)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)  # so that no library can print between the lines of the command
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        sys.unraisablehook = sys.__unraisablehook__
        from imfilt.batch.runners.worker import serve

        serve(Channel(os.fdopen(calls, "rb"), os.fdopen(results, "wb")), signals)
    finally:
        os._exit(1)

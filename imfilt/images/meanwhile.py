"""Settings that hold for the whole process, changed while at least one thread wants them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, ParamSpec

Wanted = ParamSpec("Wanted")


class Meanwhile(Generic[Wanted]):
    """The first thread to begin makes a change, and the last to end undoes it.

    `change` makes it and returns what undoes it. All threads that are at it at the same time have to want the same.
    """

    def __init__(self, change: Callable[Wanted, Callable[[], object]]) -> None:
        self._change = change
        self._lock = Lock()
        self._threads = 0
        self._undo: Callable[[], object] = bool

    @contextmanager
    def __call__(self, *arguments: Wanted.args, **named: Wanted.kwargs) -> Iterator[None]:
        """Return the context in which the change holds."""
        with self._lock:
            if not self._threads:
                self._undo = self._change(*arguments, **named)
            self._threads += 1
        try:
            yield
        finally:
            with self._lock:
                self._threads -= 1
                if not self._threads:
                    self._undo()

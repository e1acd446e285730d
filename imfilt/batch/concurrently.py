"""Work that goes on in the background, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from imfilt.engine.processors import has_room_for_threads

Result = TypeVar("Result")


class Background(Generic[Result]):
    """Work that is begun in a thread; where there is no room for another one, it is done at once.

    >>> Background(lambda: 6 * 7).result()
    42
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._results: list[Result] = []
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        if not _starts(self._thread):
            self._run()

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:
            self._errors.append(error)

    def is_over(self) -> bool:
        """Return whether the work is done, or has failed."""
        return not self._thread.is_alive()

    def result(self) -> Result:
        """Wait for the end of the work, and return its result or raise its exception."""
        if self._thread.ident is not None:
            self._thread.join()
        if self._errors:
            raise self._errors[0]
        return self._results[0]


def _starts(thread: threading.Thread) -> bool:
    """Start a thread; return whether there was room for it."""
    if not has_room_for_threads():
        return False
    try:
        thread.start()
    except RuntimeError:
        return False
    return True

"""Work that goes on in the background, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from imfilt.engine.processors import has_room_for_threads

Result = TypeVar("Result")


def begin(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin `work` in a thread, and return what waits for its end and returns its result, or raises its exception.

    >>> begin(lambda: 6 * 7)()
    42
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    if not has_room_for_threads():
        run()
        return lambda: _result_of(results, errors)
    thread = threading.Thread(target=run, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # there is no room for another thread
        run()

    def end() -> Result:
        if thread.ident is not None:
            thread.join()
        return _result_of(results, errors)

    return end


def _result_of(results: list[Result], errors: list[BaseException]) -> Result:
    if errors:
        raise errors[0]
    return results[0]

"""Pools of threads, where there is room for any."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from imfilt.engine.processors import has_room_for_threads

Result = TypeVar("Result")


class HereExecutor(Executor):
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


def thread_pool(threads: int) -> Executor:
    """Return what makes calls in so many threads, or where there is no room for them in this one."""
    if not has_room_for_threads():
        return HereExecutor()
    from concurrent.futures import ThreadPoolExecutor  # which few small pictures need

    return ThreadPoolExecutor(threads)


def results_in_order(calls: Iterable[Callable[[], Result]], threads: int) -> Generator[Result, None, None]:
    """Make calls in so many threads, and yield what they return, in their order.

    At most one call more than there are threads is asked for before the first result is taken.

    >>> list(results_in_order([lambda: "a", lambda: "b", lambda: "c"], threads=2))
    ['a', 'b', 'c']
    """
    with thread_pool(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        for call in calls:
            waiting.append(pool.submit(call))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

"""Pools of threads, where there is room for any."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
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


def results_in_order(calls: Iterable[Callable[[], Result]], threads: int) -> Iterator[Result]:
    """Make calls in so many threads, and yield what they return in their order; one more than there are may wait.

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

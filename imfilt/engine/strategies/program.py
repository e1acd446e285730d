"""A program: the NumPy calls that turn one window into its sums, with every view cut beforehand.

A strip is small, so that it stays in cache; then what Python does around each call counts. So a strategy writes its
calls down once for each pair of buffers, and they are carried out again for every strip that comes to lie in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments, the array that takes the result among them."""
Program = list[Call]


_MOST_CALLS = 10_000


class Programs:
    """Runs the programs that `write` writes, and keeps the latest of them."""

    def __init__(self, write: Callable[[Array, Array], Program]) -> None:
        self._write = write
        self._known: dict[tuple[Any, ...], Program] = {}

    def run(self, window: Array, sums: Array) -> None:
        """Carry out the program that computes `sums` from `window`."""
        key = (window.__array_interface__["data"][0], window.shape, sums.__array_interface__["data"][0], sums.shape)
        program = self._known.get(key)
        if program is None:
            program = self._write(window, sums)
            while self._known and sum(map(len, self._known.values())) + len(program) > _MOST_CALLS:
                self._known.pop(next(iter(self._known)))
            self._known[key] = program
        for function, arguments in program:
            function(*arguments)

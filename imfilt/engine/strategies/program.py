"""A program: the NumPy calls that turn one window into its sums, with every view cut beforehand.

A strip is small, so that it stays in cache; then what Python does around each call counts. So a strategy writes its
calls down once for each pair of buffers, and they are carried out again for every strip that comes to lie in them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments, the array that takes the result among them."""
Program = list[Call]

_MOST_CALLS = 10_000


def overwriting(program: Program, window: Array, sums: Array) -> Program | None:
    """Return the calls of `program` that are needed where `sums` are a part of `window`; None where it would do harm.

    It does none where nothing of the window is looked at from the first call on that writes the sums, but for the
    numbers that this call itself replaces. Of calls other than copies and arithmetic it is not known what they look at.
    """
    needed: Program = []
    has_begun = False
    for function, arguments in program:
        if isinstance(function, np.ufunc) and function.signature is None and len(arguments) == function.nargs:
            *read, written = arguments
        elif function is np.copyto and len(arguments) == 2:
            written, *read = arguments
        else:
            return None
        is_sums = _are_same(written, sums)
        if not is_sums and np.may_share_memory(written, window):
            return None
        looked_at = [each for each in read if isinstance(each, np.ndarray) and np.may_share_memory(each, window)]
        if has_begun and not all(each is sums for each in looked_at):  # not a view: it would be meant as of the window
            return None
        if is_sums and not all(_are_same(each, sums) for each in looked_at):
            return None
        has_begun = has_begun or is_sums
        if not (function is np.copyto and looked_at and is_sums):  # the numbers are there already
            needed.append((function, arguments))
    return needed


def _are_same(one: Array, other: Array) -> bool:
    """Return whether two arrays are views of the same numbers in the same order."""
    places = (each.__array_interface__ for each in (one, other))
    return len({(place["data"], place["shape"], place["strides"], place["typestr"]) for place in places}) == 1


class Programs:
    """Keeps the latest programs, each by a key that is another one wherever its arrays lie elsewhere in memory."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Program] = {}
        self.find = self._known.get
        """Returns the program of a key, or None: no method, for it is called for every strip."""

    def keep(self, key: Hashable, program: Program) -> Program:
        """Keep a program, and as many of those before as may be; return it."""
        while self._known and sum(map(len, self._known.values())) + len(program) > _MOST_CALLS:
            self._known.pop(next(iter(self._known)))
        self._known[key] = program
        return program

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()

"""A program: the NumPy calls that turn one window into its sums, with every view cut beforehand.

A strip is small, so that it stays in cache; then what Python does around each call counts. So a strategy writes its
calls down once for each pair of buffers, and they are carried out again for every strip that comes to lie in them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from imfilt.engine.buffers import LONGEST_PITCH
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

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
        operands = _operands(function, arguments)
        if operands is None:
            return None
        read, written = operands
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


def join_rows(program: Program, sums: Array) -> Program:
    """Return the same program, over rows with what lies between them wherever that does no harm.

    NumPy begins anew for every row. What lies between the rows of a buffer may be overwritten where no later call looks
    at it, and it is not of the `sums`, which are looked at when all is done.
    """
    joined: Program = []
    looked_at: dict[int, set[_Columns]] = {}
    if (result := _columns(sums)) is not None:
        looked_at[result.owner] = {result}
    for function, arguments in reversed(program):
        operands = _operands(function, arguments)
        if operands is None:
            return program
        read, written = operands
        target = _columns(written)
        columns = [_columns(each) for each in read if isinstance(each, np.ndarray)]
        sources = [each for each in columns if each is not None]
        if (
            target is None
            or len(sources) < len(columns)
            or any(np.shape(each) not in ((), written.shape) for each in read)
        ):
            return program
        if all(each.lie_in(target) for each in looked_at.get(target.owner, ())) and all(
            each.pitch == target.pitch and (each == target or each.owner != target.owner) for each in sources
        ):
            arguments = tuple(
                joined_rows(each) if isinstance(each, np.ndarray) else np.array(each, written.dtype)
                for each in arguments  # of plain numbers NumPy would make arrays every time
            )
        joined.append((function, arguments))
        for each in sources:
            looked_at.setdefault(each.owner, set()).add(each)
    return joined[::-1]


def joined_rows(numbers: Array) -> Array:
    """Return rows × columns × planes in one piece, with what lies between the rows; as they are if that is too much."""
    columns = _columns(numbers)
    if columns is None or columns.pitch > LONGEST_PITCH * columns.width:
        return numbers
    length = (len(numbers) - 1) * columns.pitch + columns.width
    return as_strided(numbers, (length,), (numbers.itemsize,))


class _Columns(NamedTuple):
    """The columns of a buffer that an array of whole numbers is made of, each plane of them counted for one."""

    owner: int
    """The buffer."""
    pitch: int
    """From one row to the next."""
    first: int
    width: int

    def lie_in(self, other: _Columns) -> bool:
        """Return whether another array is made of those columns too, and maybe of more on either side."""
        return self[:2] == other[:2] and (self.first - other.first) % self.pitch + self.width <= other.width


def _columns(numbers: Array) -> _Columns | None:
    """Return the columns that an array is made of; None of floats, for between their rows may lie what is no number."""
    owner = numbers if numbers.base is None else numbers.base
    if not isinstance(owner, np.ndarray) or numbers.dtype.kind not in "iu" or numbers.ndim != 3 or not numbers.size:
        return None
    (columns, planes), item = numbers.shape[1:], numbers.itemsize
    width, steps = columns * planes, numbers.strides
    begin, first = (each.__array_interface__["data"][0] for each in (owner, numbers))
    is_dense = (planes == 1 or steps[2] == item) and (columns == 1 or steps[1] == planes * item)
    if not is_dense or steps[0] < width * item or steps[0] % item or (first - begin) % item:
        return None
    pitch = steps[0] // item
    return _Columns(id(owner), pitch, (first - begin) // item % pitch, width)


def _operands(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Sequence[Any], Array] | None:
    """Return what a call looks at, and what it writes; None where it is neither a copy nor arithmetic."""
    if isinstance(function, np.ufunc) and function.signature is None and len(arguments) == function.nargs:
        return arguments[:-1], arguments[-1]
    if function is np.copyto and len(arguments) == 2:
        return arguments[1:], arguments[0]
    return None


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

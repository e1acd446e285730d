"""Pooling: finished samples are brought together, window by window. One table, and how a pooling is written."""

from __future__ import annotations

import re

from imfilt.engine.recipes.choices import choose
from imfilt.engine.recipes.pairs import Pair, to_pair
from imfilt.errors import RecipeError
from imfilt.quick import NamedTuple

_SIZE = r"\s*(\d{1,9})(?:x(\d{1,9}))?\s*"
_POOLING = rf"([^:]*)(?::{_SIZE}(?:,\s*s{_SIZE})?)?"


class Pool(NamedTuple):
    """A way to make one sample of a window of them."""

    name: str
    meaning: str
    combine: str
    """The name of NumPy's function that makes one of two samples; of a window, by taking them in turn."""
    adds: bool = False
    """Whether the result is a sum, which may be larger than a sample."""
    divides: bool = False
    """Whether the sum is divided by the number of samples."""


POOLS = {
    entry.name: entry
    for entry in (
        Pool("max", "the largest sample of each window", "maximum"),
        Pool("mean", "the mean of each window, rounded half up", "add", adds=True, divides=True),
        Pool("sum", "the sum of each window; above white it is white", "add", adds=True),
        Pool("min", "the smallest sample of each window", "minimum"),
    )
}


class Pooling(NamedTuple):
    """A pool of `POOLS` over windows of rows × columns that lie `stride` apart and inside the picture."""

    pool: Pool
    window: Pair
    stride: Pair

    @property
    def area(self) -> int:
        """How many samples a window has."""
        return self.window[0] * self.window[1]

    def overlaps(self, axis: int) -> bool:
        """Whether one row (axis 0) or column (1) of samples may lie in windows that begin in different ones."""
        return self.window[axis] > self.stride[axis]

    def output(self, rows: int, columns: int) -> Pair:
        """Return how many results there are down and across; raise `RecipeError` where no window fits.

        >>> parse_pooling("max:3,s2").output(8, 9)
        (3, 4)
        """
        if self.window[0] > rows or self.window[1] > columns:
            raise RecipeError(
                f"a pool over {self.window[0]} x {self.window[1]} samples does not fit into the {rows} x {columns} "
                "there are; choose a smaller window"
            )
        return (rows - self.window[0]) // self.stride[0] + 1, (columns - self.window[1]) // self.stride[1] + 1

    def __str__(self) -> str:
        """Return it in words for a person."""
        (height, width), (down, across) = self.window, self.stride
        return f"{self.pool.name} over {height} x {width} samples, every {down} x {across}"


def parse_pooling(text: str) -> Pooling:
    """Return the pooling that `text` names: ``max:2``, ``mean:3x2`` (rows × columns), ``sum:3,s1``, ``min:3,s2x1``.

    Raises `RecipeError` for anything else, with what to write.

    >>> print(parse_pooling("max:3x2,s1"))
    max over 3 x 2 samples, every 1 x 1
    """
    match = re.fullmatch(_POOLING, text.strip(), re.ASCII | re.IGNORECASE) if isinstance(text, str) else None
    if match is None:
        raise RecipeError(f"pool {text!r:.60} is not KIND:N or KIND:N,sN; write it as in max:2 or mean:3x2,s1")
    pool = POOLS[choose("pool", match[1], POOLS)]
    if match[2] is None:
        raise RecipeError(f"pool {text!r} needs the size of its windows, as in {pool.name}:2")
    stride = None if match[4] is None else _pair(match[4], match[5])
    return make_pooling(pool.name, _pair(match[2], match[3]), stride)


def make_pooling(name: str, window: int | Pair, stride: int | Pair | None = None) -> Pooling:
    """Return a pooling by the name of its pool, the size of its windows, and how far apart they lie.

    A number stands for both directions. The windows lie side by side where no stride is given. Raises `RecipeError` for
    an unknown name, and for numbers out of range.
    """
    size = to_pair("the window of a pool", window)
    return Pooling(POOLS[choose("pool", name, POOLS)], size, size if stride is None else to_pair("its stride", stride))


def _pair(rows: str, columns: str | None) -> Pair:
    return int(rows), int(columns or rows)

"""Exact results of kernels side by side, combined; and roots of whole numbers, scaled and rounded without an error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from imfilt.engine.dtypes import ANY_INTEGER, integer_dtype
from imfilt.engine.recipes.combinations import Combination
from imfilt.engine.recipes.normalisations import Extremes, Scaling

if TYPE_CHECKING:
    from imfilt.array_types import Array

_MOST_THRESHOLDS = 1 << 16


def combine(results: Sequence[Array], combination: Combination, bound: Fraction) -> tuple[Array, Fraction]:
    """Return one array of results, and what none is further from 0 than; of roots in whole numbers, the squares."""
    if combination.is_root and results[0].dtype.kind != "f":
        bound = len(results) * bound**2
        squares = [each.astype(integer_dtype(bound)) for each in results]
        for each in squares:
            np.multiply(each, each, out=each)
        return _reduced(np.add, squares), bound
    if combination.is_root:
        results = [each.astype(np.float64, copy=False) for each in results]
    elif combination.is_absolute:
        results = [np.absolute(each) for each in results]
    return _reduced(getattr(np, combination.ufunc), results), bound


def _reduced(ufunc: np.ufunc, results: Sequence[Array]) -> Array:
    combined = results[0]
    for each in results[1:]:
        combined = ufunc(combined, each)
    return combined


def square_extremes(squares: Array, denominators: Array) -> Extremes:
    """Return the smallest and the largest of ``squares / denominators²``, exactly."""
    if not denominators.ndim:
        squared = int(denominators) ** 2
        return Extremes(Fraction(int(squares.min()), squared), Fraction(int(squares.max()), squared))
    dtype = integer_dtype(max(int(squares.max()), 1) * int(denominators.max()) ** 2)
    above, below = squares.ravel().astype(dtype), denominators.ravel().astype(dtype) ** 2
    return Extremes(_extreme(np.less_equal, above, below), _extreme(np.greater_equal, above, below))


def _extreme(comes_first: np.ufunc, above: Array, below: Array) -> Fraction:
    """Return the fraction that comes first among ``above / below``: in each round, one of every two goes on."""
    while len(above) > 1:
        half = len(above) // 2
        rest = len(above) - half
        stays = comes_first(above[:half] * below[rest:], above[rest:] * below[:half])
        above, below = (
            np.concatenate((np.where(stays, each[:half], each[rest:]), each[half:rest])) for each in (above, below)
        )
    return Fraction(int(above[0]), int(below[0]))


class RootScale:
    """How roots become levels: evenly from black to white, then an offset is added.

    The root of `black` becomes 0 and the root of `white` becomes the level of white, as those of the smallest and the
    largest result do in every normalisation that stretches between extremes.

    Parameters
    ----------
    scaling : Scaling
        The normalisation: of ``h``; but of ``h²`` if it `is_stretched` between the extremes of ``h²``.
    largest : int
        The level of white, a power of 2 less 1.
    denominator : int, optional
        Under every root; where it is not given, each has its own.
    """

    def __init__(self, scaling: Scaling, largest: int, denominator: int | None, *, is_stretched: bool) -> None:
        self._largest = largest
        scale, offset = scaling
        black, white = Fraction(0), (largest / scale) ** 2 if scale else Fraction(0)
        if is_stretched:
            black = -offset / scale if scale else Fraction(0)
            white = black + largest / scale if scale else black
            offset = Fraction(0)
        self._offset = int(offset)
        shared = math.lcm(black.denominator, white.denominator)
        numbers = int(black * shared), int(white * shared), shared * (2 * largest) ** 2
        # Of black 0, a level is reached that is b / 2 by squares from b² · white / whole on.
        self._black, self._white, self._whole = (number // math.gcd(*numbers) for number in numbers)
        self._denominator = denominator if largest <= _MOST_THRESHOLDS else None  # a search needs no table
        self._table: _Table | None = None

    def __call__(self, squares: Array, denominators: Array) -> Array:
        """Return ``√squares / denominators``, scaled and rounded half up: whole numbers, maybe in floats."""
        if self._white == self._black:
            return np.zeros(squares.shape, np.int64)  # which holds white of all samples
        if self._denominator is None:
            levels = self._search(squares, denominators)
        else:
            if self._table is None:
                thresholds = self._find_thresholds(self._denominator)
                self._table = _Table(thresholds, self._ends(self._denominator), squares.dtype)
            levels = self._table(squares)
        return np.add(levels, self._offset, out=levels) if self._offset else levels

    def _ends(self, denominator: int) -> tuple[float, float]:
        """Return the roots of the squares that become black and white; NaN beyond what floats can hold."""
        squared, whole = (2 * self._largest * denominator) ** 2, self._whole
        try:
            return math.sqrt(Fraction(self._black * squared, whole)), math.sqrt(Fraction(self._white * squared, whole))
        except OverflowError:
            return math.nan, math.nan

    def _find_thresholds(self, denominator: int) -> list[int]:
        """Return the smallest whole numbers whose roots over `denominator` are rounded to levels 1, 2 … and white.

        With ``t = (level - 1/2) / white`` a root is rounded to a level from ``(1 - t) · √black + t · √white`` on; the
        square of that is ``(1 - t)² · black + t² · white + 2 · t · (1 - t) · √(black · white)``.
        """
        squared = denominator**2
        found = []
        for b in range(1, 2 * self._largest, 2):
            a = 2 * self._largest - b
            plain = (a * a * self._black + b * b * self._white) * squared
            root = 4 * self._black * self._white * (a * b * squared) ** 2
            found.append(-(-(plain + _root_up(root)) // self._whole))
        return found

    def _search(self, squares: Array, denominators: Array) -> Array:
        """Return the levels: of black 0 by one division, else bit by bit, the highest first."""
        square, below = int(squares.max(initial=0)), int(denominators.max(initial=1))  # there may be alpha alone
        bound = square * self._whole + (2 * self._largest + 1) ** 2 * (self._black + self._white) * below**2
        dtype = integer_dtype(bound**2 if self._black else bound)
        squares, denominators = squares.astype(dtype) * self._whole, denominators.astype(dtype) ** 2
        if not self._black:
            halves = np.minimum(squares // (denominators * self._white), (2 * self._largest) ** 2)
            roots: Array
            if self._largest < _MOST_THRESHOLDS:
                roots = np.sqrt(halves.astype(np.float64)).astype(np.int32)  # cut exactly, of numbers so small
            else:
                roots = np.frompyfunc(math.isqrt, 1, 1)(halves.astype(ANY_INTEGER))
            return (roots + 1) // 2
        levels = np.zeros_like(squares)
        for bit in reversed(range(self._largest.bit_length())):
            higher = levels + (1 << bit)
            np.copyto(levels, higher, where=self._reaches(higher, squares, denominators))
        return levels

    def _reaches(self, levels: Array, squares: Array, denominators: Array) -> Array:
        """Return where roots are rounded to `levels` (from 1) or above, as in `_find_thresholds`."""
        b = 2 * levels - 1
        a = 2 * self._largest - b
        rest = squares - (a * a * self._black + b * b * self._white) * denominators
        root = a * b * denominators
        reached: Array = (rest >= 0) & (rest * rest >= root * root * (4 * self._black * self._white))
        return reached


class _Table:
    """The levels of roots by their thresholds.

    What floats make of a square grows with it, through every rounding. So if they tell the square at each threshold
    from the one before it, they are right about all others, and nothing has to be looked up.
    """

    def __init__(self, thresholds: list[int], ends: tuple[float, float], dtype: np.dtype[Any]) -> None:
        most = np.iinfo(dtype).max if dtype != ANY_INTEGER else thresholds[-1]
        held = [each for each in thresholds if each <= most]
        self._held = np.array(held, dtype)
        self._floats: str | None = None
        black, white = ends
        if dtype != ANY_INTEGER and held and white > black:
            self._factor = len(thresholds) / (white - black)
            self._addend = 0.5 - black * self._factor
            self._floats = next(filter(self._is_right, ("float32", "float64")), None)

    def __call__(self, squares: Array) -> Array:
        """Return the levels, which may be floats that are whole numbers."""
        if self._floats is None:
            return np.searchsorted(self._held, squares, side="right")
        levels = self._estimate(squares, self._floats)
        return np.floor(levels, out=levels)

    def _estimate(self, squares: Array, floats: str) -> Array:
        levels = np.sqrt(squares, dtype=floats)
        number = levels.dtype.type
        np.multiply(levels, number(self._factor), out=levels)
        np.add(levels, number(self._addend), out=levels)
        return np.clip(levels, number(0), number(len(self._held)), out=levels)

    def _is_right(self, floats: str) -> bool:
        levels = np.arange(1, len(self._held) + 1)
        at, before = (self._estimate(squares, floats) for squares in (self._held, self._held - 1))
        return bool(np.all(at >= levels) and np.all(before < levels))


def _root_up(square: int) -> int:
    """Return the smallest whole number that is at least the root."""
    return 1 + math.isqrt(square - 1) if square else 0

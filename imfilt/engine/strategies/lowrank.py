"""Floats of low rank: the matrix as a sum of a few columns times rows, by its singular values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.lines import Rooms, line_sums, lines_of, passes_of
from imfilt.engine.strategies.phases import split_cost
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage, Weights

if TYPE_CHECKING:
    from imfilt.array_types import Array

Pair = tuple[tuple[float, ...], tuple[float, ...]]

_NEGLIGIBLE = 1e-12
"""What may be left out of the matrix, against the sum of its weights: far below what float32 leaves out."""
_SMALL_WEIGHT = 1024
"""Nor may more of a weight be left out, against itself or this: other weights, however large, may meet samples of 0."""
_LARGEST_RANK = 8
_MOST_APART = 10
"""What may be apart at the centre, against the sum of the weights."""


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    pairs = factorise(stage.weights)
    if pairs is not None and len(pairs) > 1 and stage.is_unbounded:
        return Unfit("float pictures may hold infinity, and its terms might cancel it")
    if pairs is None:
        return Unfit(f"the matrix has a rank of more than {_LARGEST_RANK}")
    passes = sum(passes_of(stage, *lines_of(stage, column, row)) + 1 for column, row in pairs) - 1
    return Fit(weight_of(pairs), passes, len(pairs) * split_cost(stage))


def weight_of(pairs: Sequence[Pair]) -> Fraction:
    """Return how much larger than the largest number that comes in the sum of all products may be."""
    return Fraction(sum(sum(map(abs, column)) * sum(map(abs, row)) for column, row in pairs))


@lru_cache(maxsize=16)
def factorise(weights: Weights) -> tuple[Pair, ...] | None:
    """Return columns and rows whose products sum up to `weights`, or None where more than a few are needed."""
    matrix = np.array(weights, np.float64)
    total = np.abs(matrix).sum()
    y, x = np.unravel_index(np.abs(matrix).argmax(), matrix.shape)
    if matrix[y, x]:  # one column times one row is found without singular values, which take long for large matrices
        column, row = matrix[:, x], matrix[y] / matrix[y, x]
        if _is_negligible(np.outer(column, row) - matrix, matrix):
            return ((_evened(column), _evened(row)),)
    if (pairs := _with_centre_apart(matrix, _MOST_APART * total)) is not None:
        return pairs
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    for rank in range(1, min(_LARGEST_RANK, len(values)) + 1):
        columns, rows = left[:, :rank] * values[:rank], right[:rank]
        if _is_negligible(columns @ rows - matrix, matrix):
            return tuple((_evened(columns[:, i]), _evened(rows[i])) for i in range(rank))
    return None


def _is_negligible(rest: Array, matrix: Array) -> bool:
    """Return whether a matrix is as good without the rest."""
    left_out, weights = np.abs(rest), np.abs(matrix)
    in_each = left_out <= _NEGLIGIBLE * np.maximum(weights, _SMALL_WEIGHT)
    return bool(left_out.sum() <= _NEGLIGIBLE * weights.sum() and in_each.all())


def _with_centre_apart(matrix: Array, most: float) -> tuple[Pair, Pair] | None:
    """Return a column and a row, and the centre as another, where that is all: masks that sharpen are so.

    The row and the column through another sample are those of the product, and tell what it is at the centre.
    """
    y, x = matrix.shape[0] // 2, matrix.shape[1] // 2
    others = np.abs(matrix)
    others[y] = others[:, x] = 0
    row, column = np.unravel_index(others.argmax(), matrix.shape)
    if not others[row, column]:
        return None
    down, across = matrix[:, column] / matrix[row, column], matrix[row]
    rest = matrix - np.outer(down, across)
    extra, rest[y, x] = rest[y, x], 0
    if not _is_negligible(rest, matrix) or not 0 < abs(extra) <= most:
        return None  # what is much larger than the sum of all would have to cancel out
    centre = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    centre[0][y], centre[1][x] = extra, 1
    return (_evened(down), _evened(across)), (_evened(centre[0]), _evened(centre[1]))


def _evened(factor: Array) -> tuple[float, ...]:
    """Return the factor with its halves made equal where they are but for rounding, so that they can be folded."""
    for mirror in (factor[::-1], -factor[::-1]):
        if np.allclose(factor, mirror, rtol=0, atol=1e-14 * np.abs(factor).max()):
            factor = (factor + mirror) / 2
    return tuple(factor.tolist())


class LowRank:
    """The sums of a few columns times rows."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        pairs = factorise(stage.weights)
        if pairs is None:
            raise ValueError(f"{stage.name} has no factors")
        self._dtype = dtype
        self._terms = [line_sums(stage, column, row, dtype) for column, row in pairs]

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        program: Program = []
        rooms = Rooms(self._dtype, window.strides[0])
        for number, (down, across) in enumerate(self._terms):
            calls, column_sums = down.program(window, rooms)
            program += calls
            calls, term = across.program(column_sums, rooms, None if number else sums)
            program += calls
            if number:
                program.append((np.add, (sums, term, sums)))
        return program

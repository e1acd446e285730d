"""Whole weights of rank 1, or of rank 1 but for the centre: a line down, a line across, and the centre apart.

Gaussians, boxes and Sobel's are a column times a row; edge3 is 9 times the centre less a box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.lines import Rooms, line_sums, lines_of, passes_of
from imfilt.engine.strategies.phases import split_cost
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage
from imfilt.kernels.separable import separate
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class Factors(NamedTuple):
    """``weights == scale * outer(column, row)``, plus `extra` at the centre."""

    scale: int
    column: tuple[int, ...]
    row: tuple[int, ...]
    extra: int

    @property
    def passes(self) -> int:
        """How many additions and multiplications a sample they take beside the column and the row."""
        return (self.scale not in ((1, -1) if self.extra else (1,))) + 2 * bool(self.extra)


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    factors = factorise(stage.weights)  # type: ignore[arg-type]
    if factors is None:
        return Unfit("the weights are no column times a row, not even but for the centre")
    if factors.extra and (stage.down.stride, stage.across.stride) != (1, 1):
        return Unfit("the centre is apart, and the stride would have to pass over samples there too")
    column, row = lines_of(stage, factors.column, factors.row)
    weight = abs(factors.scale) * column.weight * row.weight + abs(factors.extra)
    signed = factors.scale < 0 or factors.extra < 0 or column.signed or row.signed
    passes = passes_of(stage, column, row) + factors.passes
    return Fit(weight, passes, split_cost(stage), signed=signed)


def factorise(weights: Sequence[Sequence[int]]) -> Factors | None:
    """Return the factors of whole weights, or None where there are none.

    >>> factorise([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    Factors(scale=-1, column=(1, 1, 1), row=(1, 1, 1), extra=9)
    """
    factors = separate(weights)
    if factors is not None:
        return _scaled(*factors, 0)
    y, x = len(weights) // 2, len(weights[0]) // 2
    # Any other weight w[i][j] says what the centre of a matrix of rank 1 would be: w[y][j] · w[i][x] / w[i][j].
    corner = next(((i, j) for i, row in enumerate(weights) for j, w in enumerate(row) if w and i != y and j != x), None)
    if corner is None:
        return None
    i, j = corner
    centre, remainder = divmod(weights[y][j] * weights[i][x], weights[i][j])
    if remainder:
        return None
    changed = [list(row) for row in weights]
    changed[y][x] = centre
    factors = separate(changed)
    return _scaled(*factors, weights[y][x] - centre) if factors else None


def _scaled(column: tuple[int, ...], row: tuple[int, ...], extra: int) -> Factors:
    """Return the factors with what the column has in common apart, its sign too."""
    scale = math.gcd(*column)
    if sum(column) < 0:
        scale = -scale
    return Factors(scale, tuple(weight // scale for weight in column), row, extra)


class Separable:
    """The sums of a column times a row."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        factors = factorise(stage.weights)  # type: ignore[arg-type]
        if factors is None:
            raise ValueError(f"{stage.name} has no factors")
        self._down, self._across = line_sums(stage, factors.column, factors.row, dtype)
        self._scale = factors.scale
        self._extra = factors.extra
        self._centre = (
            stage.down.taps // 2 * stage.down.dilation,
            stage.across.taps // 2 * stage.across.dilation,
        )
        self._dtype = dtype

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        rooms = Rooms(self._dtype, window.strides[0])
        down, column_sums = self._down.program(window, rooms)
        across, _ = self._across.program(column_sums, rooms, sums)
        program = down + across
        if self._scale not in ((1, -1) if self._extra else (1,)):
            program.append((np.multiply, (sums, self._scale, sums)))
        if self._extra:
            y, x = self._centre
            centre = window[y : y + sums.shape[0], x : x + sums.shape[1]]
            partial = rooms.free(sums.shape)
            program.append((np.multiply, (centre, self._extra, partial)))
            program.append((np.subtract if self._scale == -1 else np.add, (partial, sums, sums)))
        return program

"""Floats of low rank as products of banded matrices: a block of rows by its columns' weights, then by its rows'.

The first product leaves the block transposed, so that the second finds the columns of a tile as its rows, and the last
step of all, an addition, turns the sums back. How a product is rounded depends on its shape, so all blocks have one
shape and lie where the picture says, wherever a band begins: the last are filled up with zeros. No product is as large
as those that BLAS gives to several threads, for the bands have threads of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.lowrank import Pair, factorise
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage

if TYPE_CHECKING:
    from imfilt.array_types import Array

# In passes over the samples. Measured by tests/benchmarks/calibrate.py.
_PRODUCT_COST = 0.29
_TURNING_COST = 8.5

_ROWS = 24
_COLUMNS = 16
_TILE = 4096
"""About so many samples of a row make a tile, whose products stay in the second-level cache."""
_LARGEST_REACH = 600
LARGEST_PRODUCT = 1 << 18
"""Multiplications of a product: OpenBLAS does no larger ones in a single thread."""
_BATCH = 16


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    if stage.is_unbounded:
        return Unfit("float pictures may hold infinity and NaN, which would spread over whole blocks")
    if not stage.is_last:
        return Unfit("its blocks would lie elsewhere for every band of the kernel that comes after it")
    if max(stage.down.reach, stage.across.reach) > _LARGEST_REACH:
        return Unfit(f"the kernel reaches over more than {_LARGEST_REACH} samples")
    pairs = factorise(stage.weights)
    if pairs is None:
        return Unfit("the matrix has too high a rank")
    weight = sum(sum(map(abs, column)) * sum(map(abs, row)) for column, row in pairs)
    products, taps = _apart(pairs)
    if not products:
        return Unfit("it is nothing but single taps")
    width = tile_width(stage)
    tiles = -(-stage.across.output // width)
    strip = max(-(-stage.down.reach // (2 * _ROWS)), 1) * _ROWS
    blocks = -(-min(strip, stage.down.output) // _ROWS)
    waste = tiles * width / stage.across.output * blocks * _ROWS / min(strip, stage.down.output)
    macs = (_ROWS + stage.down.reach) * (1 + stage.across.reach / width) + _COLUMNS + stage.across.reach
    passes = len(products) * (_PRODUCT_COST * macs + _TURNING_COST) * waste + 2 * len(taps)
    return Fit(Fraction(weight), passes, strip=strip, columns=width, held=0)


def _apart(pairs: Sequence[Pair]) -> tuple[list[Pair], list[tuple[int, int, float]]]:
    """Return the pairs that are done as products, and the places and weights of those that are single taps."""
    products, taps = [], []
    for pair in pairs:
        rows, columns = ([i for i, weight in enumerate(line) if weight] for line in pair)
        if len(rows) == len(columns) == 1:
            taps.append((rows[0], columns[0], pair[0][rows[0]] * pair[1][columns[0]]))
        else:
            products.append(pair)
    return products, taps


def tile_width(stage: Stage) -> int:
    """Return the columns of output of a tile, a multiple of those of a block, so that little of the last is empty."""
    width = stage.across.output
    fewest = -(-width * stage.planes // _TILE)
    widths = [-(-width // (tiles * _COLUMNS)) * _COLUMNS for tiles in range(fewest, fewest + 1 + fewest // 2)]
    return min(widths, key=lambda each: -(-width // each) * each)


def _band(line: tuple[float, ...], dilation: int, outputs: int) -> Array:
    """Return the matrix of which each row holds the weights one place further on."""
    reach = (len(line) - 1) * dilation
    matrix = np.zeros((outputs, outputs + reach))
    for place in range(outputs):
        matrix[place, place : place + reach + 1 : dilation] = line
    return matrix


class Banded:
    """The sums of a few columns times rows."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        pairs = factorise(stage.weights)
        if pairs is None:
            raise ValueError(f"{stage.name} has no factors")
        self._dtype = np.dtype(dtype)
        # Around the middle floats are closer together: what the first product gives is moved there and, by what the
        # second makes of that, back.
        middle = float(stage.largest_input) / 2
        self._terms = []
        products, taps = _apart(pairs)
        self._taps = [(y * stage.down.dilation, x * stage.across.dilation, self._dtype.type(w)) for y, x, w in taps]
        for column, row in products:
            down = np.ascontiguousarray(_band(column, stage.down.dilation, _ROWS).T, self._dtype)
            across = _band(row, stage.across.dilation, _COLUMNS).astype(self._dtype)
            moved = self._dtype.type(middle * math.fsum(column))
            back = self._dtype.type(float(moved) * math.fsum(across[0].tolist()))
            self._terms.append((down, across, moved, back))
        self._reach = stage.down.reach, stage.across.reach
        self._width = tile_width(stage)
        planes = stage.planes
        columns = (self._width + stage.across.reach) * planes
        self._block = np.empty((_ROWS + stage.down.reach, columns), self._dtype)
        self._first = np.empty((columns, _ROWS), self._dtype)
        blocks = self._width // _COLUMNS
        self._second = np.empty((blocks, _COLUMNS, planes, _ROWS), self._dtype)
        self._tap = np.empty((_ROWS, self._width * planes), self._dtype)

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        rows, columns, planes = sums.shape
        if not planes:
            return []
        flat, flat_sums = window.reshape(len(window), -1), sums.reshape(rows, -1)
        program: Program = []
        for y in range(0, rows, _ROWS):
            for x in range(0, columns, self._width):
                block = flat[y : y + len(self._block), x * planes : x * planes + self._block.shape[1]]
                target = flat_sums[y : y + _ROWS, x * planes : (x + self._width) * planes]
                if block.shape != self._block.shape:
                    program.append((self._fill_up, (block,)))
                    block = self._block
                for number, term in enumerate(self._terms):
                    program += self._products(block, target, planes, term, is_first=number == 0)
                for down, across, weight in self._taps:
                    left = (x + across) * planes
                    samples = flat[y + down : y + down + target.shape[0], left : left + target.shape[1]]
                    room = self._tap[: target.shape[0], : target.shape[1]]
                    program += [(np.multiply, (samples, weight, room)), (np.add, (target, room, target))]
        return program

    def _fill_up(self, block: Array) -> None:
        rows, columns = block.shape
        self._block[:rows, :columns] = block
        self._block[rows:] = 0
        self._block[:, columns:] = 0

    def _products(
        self, block: Array, target: Array, planes: int, term: tuple[Array, Array, Any, Any], *, is_first: bool
    ) -> Program:
        down, across, moved, back = term
        first, second = self._first, self._second
        program: Program = []
        # by the column, in batches of columns
        batch = max(LARGEST_PRODUCT // down.size // _BATCH, 1) * _BATCH
        whole = block.shape[1] // batch
        step, item = block.strides
        if whole:
            batches = as_strided(block, (whole, batch, len(block)), (batch * item, item, step))
            program.append((np.matmul, (batches, down, first[: whole * batch].reshape(whole, batch, _ROWS))))
        if whole * batch < len(first):
            program.append((np.matmul, (block[:, whole * batch :].T, down, first[whole * batch :])))
        program.append((np.subtract, (first, moved, first)))
        # by the row, in blocks of columns, of one plane each where those of all are too large
        pixel = planes * first.strides[0]
        taken, lines, together = across.shape[1], _COLUMNS * across.shape[1] * _ROWS, planes * _ROWS
        shape: tuple[int, ...]
        strides: tuple[int, ...]
        if lines * planes <= LARGEST_PRODUCT:
            shape, strides = (len(second), taken, together), (_COLUMNS * pixel, pixel, item)
            into = second.reshape(len(second), _COLUMNS, together)
        else:
            shape, strides = (len(second), planes, taken, _ROWS), (_COLUMNS * pixel, first.strides[0], pixel, item)
            into = second.transpose(0, 2, 1, 3)
        program.append((np.matmul, (across, as_strided(first, shape, strides), into)))
        turned = second.reshape(-1, _ROWS).T[: target.shape[0], : target.shape[1]]
        if is_first:
            program.append((np.add, (turned, back, target)))
        else:
            program += [(np.add, (target, turned, target)), (np.add, (target, back, target))]
        return program

"""Floats of low rank as products of banded matrices: a block of rows by its columns' weights, then by its rows'.

The first product leaves the block transposed, so that the second finds the columns of a tile as its rows, and the last
step of all, an addition, turns the sums back. How a product is rounded depends on its shape, so all blocks have one
shape and lie where the picture says, wherever a band begins: the last are filled up with zeros. No product is as large
as those that BLAS gives to several threads, for the bands have threads of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided

from imfilt.engine.strategies.fit import Fit, Unfit, item_bytes
from imfilt.engine.strategies.lowrank import Pair, factorise, weight_of
from imfilt.engine.strategies.program import Call, Program
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
_TOGETHER = 4
"""Blocks below each other that go by their columns together: those of a tall kernel look at the same rows, which took
a fifth of that product to fetch for each block anew."""
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
    numbers = (width + stage.across.reach) * stage.planes * ((_TOGETHER + 2) * _ROWS + stage.down.reach)
    tile_bytes = item_bytes(stage) * numbers
    return Fit(weight_of(pairs), passes, strip=strip, columns=width, held=0, tile_bytes=tile_bytes)


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
        self._first = np.empty((_TOGETHER, columns, _ROWS), self._dtype)
        blocks = self._width // _COLUMNS
        self._second = np.empty((blocks, _COLUMNS, planes, _ROWS), self._dtype)
        self._tap = np.empty((_ROWS, self._width * planes), self._dtype)

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        rows, columns, planes = sums.shape
        if not planes:
            return []
        flat, flat_sums = window.reshape(len(window), -1), sums.reshape(rows, -1)
        height, length = self._block.shape
        program: Program = []
        for x in range(0, columns, self._width):
            tile = flat[:, x * planes : x * planes + length]
            target = flat_sums[:, x * planes : (x + self._width) * planes]
            complete = rows // _ROWS if tile.shape[1] == length else 0
            for number in range(0, complete, _TOGETHER):
                y, count = number * _ROWS, min(_TOGETHER, complete - number)
                step, item = tile.strides
                blocks = as_strided(tile[y:], (count, height, length), (_ROWS * step, step, item))
                program += self._sums(blocks, target[y : y + count * _ROWS], planes)
            for y in range(complete * _ROWS, rows, _ROWS):
                program.append((self._fill_up, (tile[y : y + height],)))
                program += self._sums(self._block[np.newaxis], target[y : y + _ROWS], planes)
            for down, across, weight in self._taps:
                left = (x + across) * planes
                samples = flat[down : down + rows, left : left + target.shape[1]]
                for y in range(0, rows, _ROWS):
                    part = target[y : y + _ROWS]
                    room = self._tap[: len(part), : part.shape[1]]
                    program += [(np.multiply, (samples[y : y + _ROWS], weight, room)), (np.add, (part, room, part))]
        return program

    def _fill_up(self, block: Array) -> None:
        rows, columns = block.shape
        self._block[:rows, :columns] = block
        self._block[rows:] = 0
        self._block[:, columns:] = 0

    def _sums(self, blocks: Array, target: Array, planes: int) -> Program:
        """Return the calls that write the sums of all terms over `blocks`, one below the other, into `target`."""
        program: Program = []
        for number, (down, across, moved, back) in enumerate(self._terms):
            program += self._by_columns(blocks, down)
            firsts = self._first[: len(blocks)]
            program.append((np.subtract, (firsts, moved, firsts)))
            for y, first in zip(range(0, len(target), _ROWS), firsts, strict=True):
                part = target[y : y + _ROWS]
                program.append(self._by_rows(first, across, planes))
                turned = self._second.reshape(-1, _ROWS).T[: part.shape[0], : part.shape[1]]
                if number == 0:
                    program.append((np.add, (turned, back, part)))
                else:
                    program += [(np.add, (part, turned, part)), (np.add, (part, back, part))]
        return program

    def _by_columns(self, blocks: Array, down: Array) -> Program:
        """Return the calls of the first product, in batches of columns."""
        count, height, length = blocks.shape
        first = self._first[:count]
        batch = max(LARGEST_PRODUCT // down.size // _BATCH, 1) * _BATCH
        whole = length // batch
        below, step, item = blocks.strides
        program: Program = []
        if whole:
            shape, strides = (whole, count, batch, height), (batch * item, below, item, step)
            into = first[:, : whole * batch].reshape(count, whole, batch, _ROWS).swapaxes(0, 1)
            program.append((_products_in_order, (as_strided(blocks, shape, strides), down, into)))
        if whole * batch < length:
            rest = blocks[:, :, whole * batch :].swapaxes(1, 2)
            program.append((np.matmul, (rest, down, first[:, whole * batch :])))
        return program

    def _by_rows(self, first: Array, across: Array, planes: int) -> Call:
        """Return the call of the second product, in blocks of columns; of one plane each where all are too large."""
        second, taken = self._second, across.shape[1]
        column, item = first.strides
        pixel, together, lines = planes * column, planes * _ROWS, _COLUMNS * taken * _ROWS
        shape: tuple[int, ...]
        strides: tuple[int, ...]
        if lines * planes <= LARGEST_PRODUCT:
            shape, strides = (len(second), taken, together), (_COLUMNS * pixel, pixel, item)
            into = second.reshape(len(second), _COLUMNS, together)
        else:
            shape, strides = (len(second), planes, taken, _ROWS), (_COLUMNS * pixel, column, pixel, item)
            into = second.transpose(0, 2, 1, 3)
        return np.matmul, (across, as_strided(first, shape, strides), into)


def _products_in_order(stacks: Array, matrix: Array, into: Array) -> None:
    """Multiply stacks of matrices in the order of their axes: NumPy would begin with those that lie close together."""
    np.matmul(stacks, matrix, into, order="C")

"""Fourier transforms down the columns of tiles, and products with banded matrices across them.

Once columns are transformed, the kernel is for each frequency a single row of complex weights, which a product of
matrices lays over blocks of columns. Unless the kernel is wide, BLAS has done that before SciPy would have transformed
the rows too, there and back.
A complex number lies in memory as two real ones, so the matrices are real: for each complex weight they hold the two by
two numbers that multiply such a pair by it. In the theory of signals this is filtering in a mixed domain.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from imfilt.engine.buffers import keep_freed
from imfilt.engine.strategies.banded import LARGEST_PRODUCT
from imfilt.engine.strategies.fit import Fit, Unfit, item_bytes
from imfilt.engine.strategies.stage import Stage
from imfilt.engine.strategies.tiled import MOVING_COST, SIDES, SMALL_BYTES, TILE_COST, Tile, Tiled
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class _Cost(NamedTuple):
    """Nanoseconds. Measured by tests/benchmarks/calibrate.py."""

    sample: float
    """Of transforming a sample of a tile, there and back."""
    product: float
    """Of a multiplication with the addition that follows it."""
    large: float
    """Added to `sample` by each doubling of the bytes of a tile beyond `SMALL_BYTES`."""


_SINGLE_COST = _Cost(2.4, 0.011, 0.12)
_DOUBLE_COST = _Cost(4.8, 0.025, 0.2)

_COLUMNS = 16
"""Columns of the sums of a block."""
_USUAL_SIDES = 512, 3072
"""Most rows of a tile, and most numbers in one of them, but for large kernels."""
_TILES_HELD = 3
"""The samples of a tile, their transforms, which go before the result comes, and the products."""
_MOST_HELD = 22 << 20
"""Bytes that they may take, and the matrices with them."""


class _Blocks(NamedTuple):
    """How the columns of a tile are cut into blocks."""

    apart: int
    """How many blocks further on the next begins that looks at other columns only."""
    looked_at: int
    """The columns that the sums of a block come from."""


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    if not stage.is_last:
        return Unfit("its tiles would lie elsewhere for every band of the kernel that comes after it")
    tile = tile_of(stage)
    if tile is None:
        return Unfit("its tiles and matrices would be too large")
    rows, columns = _valid(stage, tile)
    cost, tile_bytes = _nanoseconds(stage, tile), _bytes(stage, tile)
    return Fit(stage.weight, 0, cost, strip=rows, columns=columns, held=0, tile_bytes=tile_bytes)


@lru_cache(maxsize=64)
def tile_of(stage: Stage) -> Tile | None:
    """Return the cheapest tile; None where all are too large."""
    reach, group = stage.down.reach, _blocks(stage).apart * _COLUMNS * stage.planes
    most = max(_USUAL_SIDES[0], 6 * (reach + 1)), max(_USUAL_SIDES[1], 3 * group)
    heights = [side for side in SIDES if max(1.5 * reach, reach + 1) <= side <= most[0]]
    lengths = range(2 * group, most[1] + 1, group * max(most[1] // (16 * group), 1))
    tiles = [(height, length) for height in heights for length in lengths]
    return min(
        (tile for tile in tiles if _bytes(stage, tile) <= _MOST_HELD and _products(stage, tile) <= LARGEST_PRODUCT),
        key=lambda tile: _nanoseconds(stage, tile),
        default=None,
    )


def _blocks(stage: Stage) -> _Blocks:
    looked_at = _COLUMNS + stage.across.reach
    return _Blocks(-(-looked_at // _COLUMNS), looked_at)


def _valid(stage: Stage, tile: Tile) -> tuple[int, int]:
    """Return the rows and columns of the sums of a tile: those that do not look beyond it."""
    height, length = tile
    return height - stage.down.reach, length // stage.planes - _blocks(stage).apart * _COLUMNS


def _matrix_numbers(stage: Stage, height: int) -> int:
    """Return how many real numbers the matrices of all frequencies hold."""
    return (height // 2 + 1) * 4 * _blocks(stage).looked_at * _COLUMNS


def _products(stage: Stage, tile: Tile) -> int:
    """Return how many multiplications BLAS does at a time."""
    blocks = _blocks(stage)
    rows = tile[1] // (blocks.apart * _COLUMNS)
    return rows * 4 * blocks.looked_at * _COLUMNS


def _bytes(stage: Stage, tile: Tile) -> int:
    """Return what is held of a tile."""
    return item_bytes(stage) * (_TILES_HELD * math.prod(tile) + _matrix_numbers(stage, tile[0]))


def _nanoseconds(stage: Stage, tile: Tile) -> float:
    """Return what tiles of a size take for each sample of the result, those at the edges that are half empty too."""
    outputs = stage.down.output, stage.across.output
    tiles = math.prod(-(-output // valid) for output, valid in zip(outputs, _valid(stage, tile), strict=True))
    item = item_bytes(stage)
    cost = _SINGLE_COST if item == 4 else _DOUBLE_COST
    each = cost.sample + cost.product * 2 * _blocks(stage).looked_at
    each += cost.large * max(math.log2(math.prod(tile) * item / SMALL_BYTES), 0)
    moved = _matrix_numbers(stage, tile[0]) * item * MOVING_COST
    return tiles * (math.prod(tile) * each + moved + TILE_COST) / (math.prod(outputs) * stage.planes)


class Mixed(Tiled):
    """The sums of a kernel of floats that is not too wide."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        import scipy.fft

        self._fft = scipy.fft
        tile = tile_of(stage)
        if tile is None:
            raise ValueError(f"{stage.name} has no tile")
        super().__init__(stage, dtype, tile, _valid(stage, tile))
        self._matrices = _matrices(stage, tile[0], self.samples.dtype)
        self._apart = _blocks(stage).apart
        planes, height = stage.planes, tile[0]
        # column by column, for each plane: so blocks of one plane are beside each other, and become rows of a matrix
        self._columns = self.samples.reshape(height, -1, planes).transpose(0, 2, 1)
        frequencies, width = len(self._matrices), self._columns.shape[2]
        complex_dtype = np.result_type(self.samples, np.complex64)
        self._products = np.zeros((frequencies, planes, width), complex_dtype)
        keep_freed(_TILES_HELD * self.samples.nbytes)  # SciPy's arrays need not be fresh for every tile

    def filtered(self) -> Array:
        """Return the sums over what lies in `samples`; see `Tiled`."""
        looked_at = self._rows(self._fft.rfft(self._columns, axis=0))[..., : self._matrices.shape[-2]]
        np.matmul(looked_at, self._matrices, out=self._rows(self._products)[..., : 2 * _COLUMNS])
        del looked_at
        products = self._products[:, :, : self.valid[1]].transpose(0, 2, 1)
        result: Array = self._fft.irfft(products, n=len(self.samples), axis=0, norm="forward")
        return result.reshape(len(result), -1)

    def _rows(self, numbers: Array) -> Array:
        """Return as many matrices for each frequency as blocks overlap, for BLAS takes none whose rows do.

        The rows of the first begin with block 0 and whatever does not overlap it, those of the second with block 1, and
        so on. The last row of each is left out: of all but the first it would look beyond the numbers, which have no
        gaps. No sum in it counts.
        """
        real = numbers.view(self.samples.dtype)
        item, block = real.itemsize, 2 * _COLUMNS
        pitch = self._apart * block
        rows = real[0].size // pitch - 1
        shape, strides = (len(real), self._apart, rows, pitch), (real.strides[0], block * item, pitch * item, item)
        return as_strided(real, shape, strides)


def _matrices(stage: Stage, height: int, dtype: np.dtype[Any]) -> Array:
    """Return the matrix of each frequency, by which the numbers that a block looks at become its sums."""
    import scipy.fft

    down, across = stage.down, stage.across
    columns = np.zeros((height, across.taps))
    columns[: down.reach + 1 : down.dilation] = stage.weights
    weights = np.conj(scipy.fft.rfft(columns, axis=0)) / height  # the kernel is scaled, and no transform
    numbers = np.zeros((len(weights), _blocks(stage).looked_at, 2, _COLUMNS, 2), dtype)
    for place in range(_COLUMNS):
        band = numbers[:, place : place + across.reach + 1 : across.dilation, :, place]
        band[..., 0, 0] = band[..., 1, 1] = weights.real
        band[..., 0, 1] = weights.imag
        band[..., 1, 0] = -weights.imag
    return numbers.reshape(len(weights), 1, -1, 2 * _COLUMNS)

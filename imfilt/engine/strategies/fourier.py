"""Overlap-save: tiles of the picture and the kernel are transformed, multiplied, and transformed back.

The planes of a tile are transformed as they lie in memory, one beside the other: a row of pixels is a line of real
numbers, in which the weights are as many places apart as there are planes. For whole weights the result is rounded to
whole numbers, which is exact where the error is proved to stay below a quarter: see `error_bound`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.buffers import keep_freed
from imfilt.engine.strategies.fit import Fit, Unfit, item_bytes
from imfilt.engine.strategies.stage import Stage
from imfilt.engine.strategies.tiled import MOVING_COST, SIDES, SMALL_BYTES, TILE_COST, Tile, Tiled
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class _Cost(NamedTuple):
    """Nanoseconds a sample of a tile. Measured by tests/benchmarks/calibrate.py."""

    once: float
    tall: float
    """Added by each doubling of the rows beyond `_LOW_ROWS`."""
    large: float
    """Added by each doubling of the bytes beyond `SMALL_BYTES`."""


_SINGLE_COST = _Cost(3.65, 0.35, 0.4)
_DOUBLE_COST = _Cost(6.2, 1.2, 0.5)
_LOW_ROWS = 256

_POWERS_OF_TWO = tuple(1 << i for i in range(6, 15))
_USUAL_SIDES = 512, 2048
"""Most rows of a tile, and most numbers in one of them, but for large kernels."""
_USUAL_BYTES = 3 << 20
"""Most of a tile, so that there is room for the window beside all that is held of it."""
_LARGEST_TILE = 1 << 22
_TILES_HELD = 5
"""The samples of a tile, their transform, that of the kernel, the result, and the sums that are kept of it."""
_DOUBLE_EPSILON = 2.0**-53


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    if stage.is_unbounded and not stage.is_last:
        return Unfit("its tiles would lie elsewhere for every band of the kernel that comes after it")
    tile = tile_of(stage)
    if tile is None:
        return Unfit("its tiles would take too much memory")
    if stage.is_whole and error_bound(stage, tile) >= 0.25:
        return Unfit("its error could reach a quarter, so rounding might not give the exact sums")
    rows, columns = _valid(stage, tile)
    tile_bytes = _TILES_HELD * math.prod(tile) * _item_bytes(stage)
    return Fit(stage.weight, 0, _nanoseconds(stage, tile), strip=rows, columns=columns, held=0, tile_bytes=tile_bytes)


@lru_cache(maxsize=64)
def tile_of(stage: Stage) -> Tile | None:
    """Return the cheapest tile, of powers of two where the proof asks for them; None where all are too large."""
    sides = _POWERS_OF_TWO if stage.is_whole else SIDES
    reaches = stage.down.reach, stage.across.reach * stage.planes
    heights, lengths = (
        [side for side in sides if max(1.5 * reach, reach + planes) <= side <= max(most, 6 * (reach + planes))]
        for reach, planes, most in zip(reaches, (1, stage.planes), _USUAL_SIDES, strict=True)
    )
    tiles = [(height, length) for height in heights for length in lengths if height * length <= _LARGEST_TILE]
    usual = [tile for tile in tiles if math.prod(tile) * _item_bytes(stage) <= _USUAL_BYTES]
    return min(usual or tiles, key=lambda tile: _nanoseconds(stage, tile), default=None)


def _item_bytes(stage: Stage) -> int:
    """Return the bytes of a number that is transformed."""
    return 8 if stage.is_whole else item_bytes(stage)


def _valid(stage: Stage, tile: Tile) -> tuple[int, int]:
    """Return the rows and columns of a tile that do not look beyond it."""
    height, length = tile
    return height - stage.down.reach, length // stage.planes - stage.across.reach


def _nanoseconds(stage: Stage, tile: Tile) -> float:
    """Return what tiles of a size take for each sample of the result, those at the edges that are half empty too."""
    down, across, planes = stage.down, stage.across, stage.planes
    rows, columns = _valid(stage, tile)
    strips = -(-down.output // rows)
    tiles = strips * -(-across.output // columns)
    item, numbers = _item_bytes(stage), math.prod(tile)
    cost = _SINGLE_COST if item == 4 else _DOUBLE_COST
    each = cost.once + cost.tall * max(math.log2(tile[0] / _LOW_ROWS), 0)
    each += cost.large * max(math.log2(numbers * item / SMALL_BYTES), 0)
    moved = strips * down.reach * across.output * planes * item * MOVING_COST
    return (tiles * (numbers * each + TILE_COST) + moved) / (down.output * across.output * planes)


def error_bound(stage: Stage, tile: Tile) -> float:
    """Return what no sum differs from the exact one by more than, in double precision.

    ``|x| · |w| · ((1 + e)^3n · (1 + e√5)^(3n+1) · (1 + b)^3n - 1)`` for a transform of 2^n points, |·| the Euclidean
    norm: C. Percival, Rapid multiplication modulo the sum and difference of highly composite numbers, Mathematics of
    Computation 72 (2003), theorem 5.1; e is the rounding of doubles, and b, what SciPy's twiddle factors may be off by,
    twice that. Transforms of real numbers leave out of that what follows by symmetry.
    """
    doublings = math.log2(math.prod(tile))
    try:
        samples = math.sqrt(math.prod(tile)) * float(stage.largest_input)
        weights = math.hypot(*(float(weight) for row in stage.weights for weight in row))
    except OverflowError:
        return math.inf
    growth = math.expm1(
        3 * doublings * (math.log1p(_DOUBLE_EPSILON) + math.log1p(2 * _DOUBLE_EPSILON))
        + (3 * doublings + 1) * math.log1p(math.sqrt(5) * _DOUBLE_EPSILON)
    )
    return samples * weights * growth


class Fourier(Tiled):
    """The sums of a kernel of any size."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        import scipy.fft

        self._fft = scipy.fft
        self._is_whole = stage.is_whole
        tile = tile_of(stage)
        if tile is None:
            raise ValueError(f"{stage.name} has no tile")
        super().__init__(stage, dtype, tile, _valid(stage, tile))
        precision = self.samples.dtype
        kernel = np.zeros(tile)
        down, across = stage.down, stage.across
        step = across.dilation * stage.planes
        kernel[: down.reach + 1 : down.dilation, : across.reach * stage.planes + 1 : step] = stage.weights
        # Not the transforms are scaled, but the kernel: by a power of two for whole weights, which rounds nothing.
        spectrum = np.conj(scipy.fft.rfft2(kernel)) / kernel.size
        self._weights = spectrum.astype(np.result_type(precision, np.complex64))
        keep_freed(_TILES_HELD * self.samples.nbytes)  # SciPy's arrays need not be fresh for every tile

    def filtered(self) -> Array:
        """Return the sums over what lies in `samples`; see `Tiled`."""
        numbers = self._fft.rfft(self.samples, axis=1)
        numbers = self._fft.fft(numbers, axis=0, overwrite_x=True)
        np.multiply(numbers, self._weights, out=numbers)
        numbers = self._fft.ifft(numbers, axis=0, norm="forward", overwrite_x=True)
        result: Array = self._fft.irfft(numbers[: self.valid[0]], n=self.samples.shape[1], axis=1, norm="forward")
        if self._is_whole:
            np.rint(result, out=result)
        return result

"""Overlap-save: tiles of the picture and the kernel are transformed, multiplied, and transformed back.

The planes of a tile are transformed as they lie in memory, one beside the other: a row of pixels is a line of real
numbers, in which the weights are as many places apart as there are planes. For whole weights the result is rounded to
whole numbers, which is exact where the error is proved to stay below a quarter: see `error_bound`. Float pictures may
hold infinity and NaN, which would spread over the tile, and numbers so large that others would be lost beside them:
tiles with such are done tap by tap.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.buffers import keep_freed
from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.strategies.fit import Fit, Unfit, item_bytes
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage
from imfilt.engine.strategies.taps import Taps

Array = NDArray[Any]
Tile = tuple[int, int]
"""Its rows, and the numbers in each: the planes of a column one after the other."""


class _Cost(NamedTuple):
    """Nanoseconds a sample of a tile. Measured by tests/benchmarks/calibrate.py."""

    once: float
    tall: float
    """Added by each doubling of the rows beyond `_LOW_ROWS`."""
    large: float
    """Added by each doubling of the bytes beyond `_SMALL_BYTES`."""


_SINGLE_COST = _Cost(3.65, 0.35, 0.4)
_DOUBLE_COST = _Cost(6.2, 1.2, 0.5)
_LOW_ROWS = 256
_SMALL_BYTES = 3 << 18
_MOVING_COST = 0.05
"""Nanoseconds a byte that the window keeps from one strip to the next."""
_TILE_COST = 40_000
"""Nanoseconds that the calls for a tile take, however small it is."""

_POWERS_OF_TWO = tuple(1 << i for i in range(6, 15))
_SIDES = tuple(sorted({*_POWERS_OF_TWO, *(5 << i for i in range(4, 11)), *(3 << i for i in range(5, 12))}))
"""Sides of tiles that are transformed fast."""
_USUAL_SIDES = 512, 2048
"""Most rows of a tile, and most numbers in one of them, but for large kernels."""
_USUAL_BYTES = 3 << 20
"""Most of a tile, so that there is room for the window beside all that is held of it."""
_LARGEST_TILE = 1 << 22
_TILES_HELD = 5
"""The samples of a tile, their transform, that of the kernel, the result, and the sums that are kept of it."""
_LINE = 64
"""Bytes of a cache line."""
_DOUBLE_EPSILON = 2.0**-53
_LARGEST_CONTRAST = 1e7
"""Between the largest numbers of two rows or planes of a tile: beyond it, what is lost beside the larger would show."""


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    if stage.down.stride != 1 or stage.across.stride != 1:
        return Unfit("it computes every sample, and the stride keeps some only")
    if stage.is_edge and not stage.is_whole:
        return Unfit("a flat picture has to become 0, and its rounding would show")
    if stage.is_unbounded and not stage.is_last:
        return Unfit("its tiles would lie elsewhere for every band of the kernel that comes after it")
    tile = tile_of(stage)
    if tile is None:
        return Unfit("its tiles would take too much memory")
    if stage.is_whole and error_bound(stage, tile) >= 0.25:
        return Unfit("its error could reach a quarter, so rounding might not give the exact sums")
    weight = Fraction(sum(sum(map(abs, row)) for row in stage.weights))
    rows, columns = _valid(stage, tile)
    tile_bytes = _TILES_HELD * math.prod(tile) * _item_bytes(stage)
    return Fit(weight, 0, _nanoseconds(stage, tile), strip=rows, columns=columns, held=0, tile_bytes=tile_bytes)


@lru_cache(maxsize=64)
def tile_of(stage: Stage) -> Tile | None:
    """Return the cheapest tile, of powers of two where the proof asks for them; None where all are too large."""
    sides = _POWERS_OF_TWO if stage.is_whole else _SIDES
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
    each += cost.large * max(math.log2(numbers * item / _SMALL_BYTES), 0)
    moved = strips * down.reach * across.output * planes * item * _MOVING_COST
    return (tiles * (numbers * each + _TILE_COST) + moved) / (down.output * across.output * planes)


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


class Fourier:
    """The sums of a kernel of any size."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        import scipy.fft

        self._fft = scipy.fft
        self._is_whole = stage.is_whole
        tile = tile_of(stage)
        if tile is None:
            raise ValueError(f"{stage.name} has no tile")
        height, length = tile
        rows, columns = stage.down, stage.across
        self._valid = _valid(stage, tile)
        self._reach = rows.reach, columns.reach
        precision = np.dtype(np.float32 if dtype == "float32" else np.float64)
        kernel = np.zeros((height, length))
        step = columns.dilation * stage.planes
        kernel[: rows.reach + 1 : rows.dilation, : columns.reach * stage.planes + 1 : step] = stage.weights
        # Not the transforms are scaled, but the kernel: by a power of two for whole weights, which rounds nothing.
        spectrum = np.conj(scipy.fft.rfft2(kernel)) / kernel.size
        self._weights = spectrum.astype(np.result_type(precision, np.complex64))
        # Rows that begin a power of two apart would fall onto each other in the cache.
        self._samples = np.zeros((height, length + _LINE // precision.itemsize), precision)[:, :length]
        keep_freed(_TILES_HELD * self._samples.nbytes)  # SciPy's arrays need not be fresh for every tile
        self._taps = Taps(stage, dtype) if stage.is_unbounded else None

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        height, width, planes = sums.shape
        if not planes:
            return []
        tall, wide = self._valid
        return [
            (
                self._call,
                (
                    window[y : y + tall + self._reach[0], x : x + wide + self._reach[1]],
                    sums[y : y + tall, x : x + wide],
                ),
            )
            for y in range(0, height, tall)
            for x in range(0, width, wide)
        ]

    def _call(self, samples: Array, target: Array) -> None:
        if self._taps is not None and not _is_even(samples):
            for function, arguments in self._taps.program(samples, target):
                function(*arguments)
            return
        result = self._filtered(samples.reshape(len(samples), -1))[: len(target), : target[0].size]
        if self._is_whole:
            np.rint(result, out=result)
        if target.dtype == ANY_INTEGER:
            result = result.astype(np.int64)  # so that Python's integers go on from here, and not its floats
        np.copyto(target, result.reshape(target.shape), casting="unsafe")

    def _filtered(self, samples: Array) -> Array:
        """Return the sums over a tile, of which those at the bottom and on the right are of no account."""
        rows, length = samples.shape
        np.copyto(self._samples[:rows, :length], samples, casting="unsafe")
        self._samples[rows:] = 0
        self._samples[:rows, length:] = 0
        numbers = self._fft.rfft(self._samples, axis=1)
        numbers = self._fft.fft(numbers, axis=0, overwrite_x=True)
        np.multiply(numbers, self._weights, out=numbers)
        numbers = self._fft.ifft(numbers, axis=0, norm="forward", overwrite_x=True)
        result: Array = self._fft.irfft(numbers[: self._valid[0]], n=self._samples.shape[1], axis=1, norm="forward")
        return result


def _is_even(samples: Array) -> bool:
    """Return whether all samples are finite, and none so large that others would be lost beside it."""
    most = np.abs(samples)
    while most.shape[1] > 1:  # halves of rows side by side: plane by plane, NumPy takes ten times as long
        half, kept = most.shape[1] // 2, -(-most.shape[1] // 2)
        np.maximum(most[:, :half], most[:, kept:], out=most[:, :half])
        most = most[:, :kept]
    largest = float(most.max())
    return math.isfinite(largest) and largest <= _LARGEST_CONTRAST * float(most.min(where=most > 0, initial=largest))

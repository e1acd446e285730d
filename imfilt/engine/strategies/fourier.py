"""Overlap-save: tiles of the picture and the kernel are transformed, multiplied, and transformed back.

Two tiles are the real and the imaginary part of one complex transform. For whole weights the result is rounded to whole
numbers, which is exact where the error is proved to stay below a quarter: see `error_bound`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.stage import ANY_INTEGER, Stage
from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.program import Program

Array = NDArray[Any]

# Nanoseconds a sample and a doubling of the tile. Measured by tests/benchmarks/calibrate.py.
_SINGLE_COST = 0.38
_DOUBLE_COST = 1.0

_SMALLEST_TILE = 256
_LARGEST_TILE = 1 << 22
_DOUBLE_EPSILON = 2.0**-53


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    if stage.down.stride != 1 or stage.across.stride != 1:
        return Unfit("it computes every sample, and the stride keeps some only")
    if stage.is_edge and not stage.is_whole:
        return Unfit("a flat picture has to become 0, and its rounding would show")
    if stage.is_unbounded:
        return Unfit("float pictures may hold infinity and NaN, which would spread over whole tiles")
    height, width = tile_of(stage)
    if height * width > _LARGEST_TILE:
        return Unfit(f"its tiles of {height} x {width} samples would take too much memory")
    if stage.is_whole and error_bound(stage) >= 0.25:
        return Unfit("its error could reach a quarter, so rounding might not give the exact sums")
    useful = (height - stage.down.reach) * (width - stage.across.reach) / (height * width)
    cost = (_DOUBLE_COST if stage.is_whole else _SINGLE_COST) * math.log2(height * width) / useful
    weight = Fraction(sum(sum(map(abs, row)) for row in stage.weights))
    # Where all of the picture fits into a tile, most of the tile may be empty.
    samples = stage.down.output * stage.across.output
    waste = max(1.0, (height - stage.down.reach) * (width - stage.across.reach) * 2 / samples)
    return Fit(weight, 0, cost * waste, strip=height - stage.down.reach, held=0)


def tile_of(stage: Stage) -> tuple[int, int]:
    """Return rows and columns of a tile: powers of two, of which the kernel's reach takes at most a half."""
    return _side(stage.down.reach), _side(stage.across.reach)


def _side(reach: int) -> int:
    side = _SMALLEST_TILE
    while side < 2 * reach or (side < 4 * reach and side < 512):
        side *= 2
    return side


def error_bound(stage: Stage) -> float:
    """Return what no sum differs from the exact one by more than, in double precision.

    ``|x| · |w| · ((1 + e)^3n · (1 + e√5)^(3n+1) · (1 + e)^3n - 1)`` for a transform of 2^n points, |·| the Euclidean
    norm: C. Percival, Rapid multiplication modulo the sum and difference of highly composite numbers, Mathematics of
    Computation 72 (2003), theorem 5.1; e is the rounding of doubles, which SciPy's twiddle factors keep as well. Two
    tiles share a transform, so that their norms add up.
    """
    height, width = tile_of(stage)
    doublings = math.log2(height * width)
    try:
        samples = math.sqrt(2 * height * width) * float(stage.largest_input)
        weights = math.hypot(*(float(weight) for row in stage.weights for weight in row))
    except OverflowError:
        return math.inf
    growth = math.expm1(
        6 * doublings * math.log1p(_DOUBLE_EPSILON) + (3 * doublings + 1) * math.log1p(math.sqrt(5) * _DOUBLE_EPSILON)
    )
    return samples * weights * growth


class Fourier:
    """The sums of a kernel of any size."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        self._is_whole = stage.is_whole
        self._tile = tile_of(stage)
        self._valid = self._tile[0] - stage.down.reach, self._tile[1] - stage.across.reach
        precision = np.complex64 if dtype == "float32" else np.complex128
        kernel = np.zeros(self._tile)
        rows, columns = stage.down, stage.across
        kernel[: rows.reach + 1 : rows.dilation, : columns.reach + 1 : columns.dilation] = stage.weights
        import scipy.fft

        self._fft = scipy.fft
        self._kernel = np.conj(scipy.fft.fft2(kernel)).astype(precision)
        self._numbers = np.zeros(self._tile, precision)

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        height, width, planes = sums.shape
        starts = range(0, width, self._valid[1])
        return [
            (self._pair, (window[y:, :, plane], sums[y:, :, plane], list(starts[place : place + 2])))
            for y in range(0, height, self._valid[0])
            for place in range(0, len(starts), 2)
            for plane in range(planes)
        ]

    def _pair(self, window: Array, sums: Array, starts: list[int]) -> None:
        """Compute one tile, or two side by side."""
        parts = [self._numbers.real, self._numbers.imag]
        for part, x in zip(parts, starts, strict=False):
            samples = window[: self._tile[0], x : x + self._tile[1]]
            part[: samples.shape[0], : samples.shape[1]] = samples
            part[samples.shape[0] :] = 0
            part[:, samples.shape[1] :] = 0
        if len(starts) == 1:
            parts[1][...] = 0
        numbers = self._fft.fft(self._numbers, axis=1)
        numbers = self._fft.fft(numbers, axis=0, overwrite_x=True)
        np.multiply(numbers, self._kernel, out=numbers)
        numbers = self._fft.ifft(numbers, axis=0, overwrite_x=True)[: self._valid[0]]
        numbers = self._fft.ifft(numbers, axis=1, overwrite_x=True)
        for part, x in zip((numbers.real, numbers.imag), starts, strict=False):
            target = sums[: self._valid[0], x : x + self._valid[1]]
            result = part[: target.shape[0], : target.shape[1]]
            if self._is_whole:
                result = np.rint(result)
            if target.dtype == ANY_INTEGER:
                result = result.astype(np.int64)  # so that Python's integers go on from here, and not its floats
            np.copyto(target, result, casting="unsafe")

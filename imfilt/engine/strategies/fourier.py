"""Overlap-save: tiles of the picture and the kernel are transformed, multiplied, and transformed back.

Two planes of a tile, or two tiles of a plane, are the real and the imaginary part of one complex transform. For whole
weights the result is rounded to whole numbers, which is exact where the error is proved to stay below a quarter: see
`error_bound`. Float pictures may hold infinity and NaN, which would spread over the tile, and numbers so large that
others would be lost beside them: tiles with such are done tap by tap.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.strategies.fit import Fit, Unfit, item_bytes
from imfilt.engine.strategies.program import Call, Program
from imfilt.engine.strategies.stage import Stage
from imfilt.engine.strategies.taps import Taps

Array = NDArray[Any]
Copies = list[tuple[Array, Array]]
"""Where to, and where from."""

# Nanoseconds a sample of a tile; and what each doubling of its height adds, for the columns are what takes long to
# transform, and each doubling of its bytes beyond the second-level cache. Measured by tests/benchmarks/calibrate.py.
_SINGLE_COST = 1.9, 0.29
_DOUBLE_COST = 3.6, 0.55
_CACHE_BYTES = 1 << 20
_MOVING_COST = 0.05
"""Nanoseconds a byte that the window keeps from one strip to the next."""
_TRANSFORM_COST = 15_000
"""Nanoseconds that the calls for a transform take, there and back, however small it is."""

_POWERS_OF_TWO = tuple(1 << i for i in range(6, 14))
_SIDES = tuple(sorted({*_POWERS_OF_TWO, *(5 << i for i in range(4, 11)), *(3 << i for i in range(5, 12))}))
"""Sides of tiles that are transformed fast."""
_USUAL_SIDES = 512, 1024
"""Most rows and columns of a tile, but for large kernels."""
_LARGEST_TILE = 1 << 22
_LINE = 64
"""Bytes of a cache line."""
_DOUBLE_EPSILON = 2.0**-53
_LARGEST_CONTRAST = 1e7
"""Between the largest numbers of two rows of a tile: beyond it, what is lost beside the larger would show."""


def fit(stage: Stage) -> Fit | Unfit:
    """Return what it takes, or why it cannot be done."""
    if stage.down.stride != 1 or stage.across.stride != 1:
        return Unfit("it computes every sample, and the stride keeps some only")
    if stage.is_edge and not stage.is_whole:
        return Unfit("a flat picture has to become 0, and its rounding would show")
    if stage.is_unbounded and not stage.is_last:
        return Unfit("its tiles would lie elsewhere for every band of the kernel that comes after it")
    height, width = tile_of(stage)
    if height * width > _LARGEST_TILE:
        return Unfit(f"its tiles of {height} x {width} samples would take too much memory")
    if stage.is_whole and error_bound(stage) >= 0.25:
        return Unfit("its error could reach a quarter, so rounding might not give the exact sums")
    weight = Fraction(sum(sum(map(abs, row)) for row in stage.weights))
    cost = _nanoseconds(stage, height, width, item_bytes(stage))
    return Fit(weight, 0, cost, strip=height - stage.down.reach, columns=width - stage.across.reach, held=0)


@lru_cache(maxsize=64)
def tile_of(stage: Stage) -> tuple[int, int]:
    """Return rows and columns of the cheapest tile; powers of two for whole weights, which the proof is about."""
    sides = _POWERS_OF_TWO if stage.is_whole else _SIDES
    reaches = stage.down.reach, stage.across.reach
    heights, widths = (
        [side for side in sides if 1.5 * reach <= side <= max(most, 6 * reach)]
        for reach, most in zip(reaches, _USUAL_SIDES, strict=True)
    )
    if not heights or not widths or heights[0] * widths[0] > _LARGEST_TILE:
        return reaches[0] * 2 + 1, reaches[1] * 2 + 1
    item = item_bytes(stage)
    tiles = [(height, width) for height in heights for width in widths if height * width <= _LARGEST_TILE]
    return min(tiles, key=lambda tile: _nanoseconds(stage, tile[0], tile[1], item))


def _nanoseconds(stage: Stage, height: int, width: int, item: int) -> float:
    """Return what tiles of a size take for each sample of the result, those at the edges that are half empty too."""
    down, across, planes = stage.down, stage.across, stage.planes
    strips = -(-down.output // (height - down.reach))
    tiles = -(-across.output // (width - across.reach))
    transforms = strips * (planes // 2 * tiles + planes % 2 * -(-tiles // 2))
    once, doubling = _SINGLE_COST if not stage.is_whole and item == 4 else _DOUBLE_COST
    beyond = max(math.log2(2 * height * width * item / _CACHE_BYTES), 0)
    each = once + doubling * (math.log2(height) + beyond)
    samples = transforms * (2 * height * width * each + _TRANSFORM_COST)
    moved = strips * down.reach * across.output * planes * item * _MOVING_COST
    return (samples + moved) / (down.output * across.output * planes)


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
        precision = np.dtype(np.complex64 if dtype == "float32" else np.complex128)
        self._pairs_as = precision if dtype in ("float32", "float64") else None
        kernel = np.zeros(self._tile, np.complex128)
        rows, columns = stage.down, stage.across
        kernel[: rows.reach + 1 : rows.dilation, : columns.reach + 1 : columns.dilation] = stage.weights
        import scipy.fft

        self._fft = scipy.fft
        # Not the transforms are scaled, but the kernel: by a power of two for whole weights, which rounds nothing.
        kernel = scipy.fft.fft2(kernel, overwrite_x=True)
        np.conj(kernel, out=kernel)
        np.divide(kernel, self._tile[0] * self._tile[1], out=kernel)
        # Rows that begin a power of two apart would fall onto each other in the cache.
        pitch = self._tile[1] + _LINE // precision.itemsize
        self._all_numbers, self._all_weights = (np.zeros((self._tile[0], pitch), precision) for _ in range(2))
        self._all_weights[:, : self._tile[1]] = kernel
        self._numbers = self._all_numbers[:, : self._tile[1]]
        self._taps = Taps(stage, dtype) if stage.is_unbounded else None

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        height, width, planes = sums.shape
        program: Program = []
        for y in range(0, height, self._valid[0]):
            tiles = [
                (
                    window[y : y + self._tile[0], x : x + self._tile[1]],
                    sums[y : y + self._valid[0], x : x + self._valid[1]],
                )
                for x in range(0, width, self._valid[1])
            ]
            for place in range(0, len(tiles), 2):  # two tiles, and all of their planes while they are in cache
                couple = tiles[place : place + 2]
                for plane in range(0, planes - 1, 2):
                    both = slice(plane, plane + 2)
                    program += [self._together(samples[..., both], target[..., both]) for samples, target in couple]
                if planes % 2:
                    program.append(self._apart([(samples[..., -1:], target[..., -1:]) for samples, target in couple]))
        return program

    def _together(self, samples: Array, target: Array) -> Call:
        """Return the call for two planes of a tile."""
        if self._pairs_as is None:
            return self._apart([(samples[..., i : i + 1], target[..., i : i + 1]) for i in range(2)])
        numbers = self._numbers
        if samples.dtype == numbers.real.dtype:
            loads = [(_under(numbers, samples), samples.view(self._pairs_as)[..., 0])]
        else:
            loads = [(_under(part, samples), samples[..., i]) for i, part in enumerate((numbers.real, numbers.imag))]
        stores = [(target.view(self._pairs_as)[..., 0], _under(numbers, target))]
        return self._call, (loads, _beyond(numbers, samples), stores, [(samples, target)])

    def _apart(self, tiles: list[tuple[Array, Array]]) -> Call:
        """Return the call for one tile, or two, of one plane each."""
        loads, blanks, stores = [], [], []
        for part, (samples, target) in zip((self._numbers.real, self._numbers.imag), tiles, strict=False):
            loads.append((_under(part, samples), samples[..., 0]))
            stores.append((target[..., 0], _under(part, target)))
            blanks += _beyond(part, samples)
        if len(tiles) == 1:
            blanks.append(self._numbers.imag)
        return self._call, (loads, blanks, stores, tiles)

    def _call(self, loads: Copies, blanks: list[Array], stores: Copies, tiles: list[tuple[Array, Array]]) -> None:
        if self._taps is not None and not all(_is_even(samples) for samples, _ in tiles):
            for samples, target in tiles:
                for function, arguments in self._taps.program(samples, target):
                    function(*arguments)
            return
        for into, values in loads:
            np.copyto(into, values, casting="unsafe")
        for blank in blanks:
            blank[...] = 0
        self._transform()
        for into, values in stores:
            if self._is_whole:
                np.rint(values, out=values)
            if into.dtype == ANY_INTEGER:
                values = values.astype(np.int64)  # so that Python's integers go on from here, and not its floats
            np.copyto(into, values, casting="unsafe")

    def _transform(self) -> None:
        numbers = self._in_place(self._fft.fft, self._numbers, 1)
        numbers = self._in_place(self._fft.fft, numbers, 0)
        np.multiply(self._all_numbers, self._all_weights, out=self._all_numbers)  # without gaps it is faster
        numbers = self._in_place(self._fft.ifft, numbers, 0)
        self._in_place(self._fft.ifft, numbers[: self._valid[0]], 1)

    def _in_place(self, transform: Any, numbers: Array, axis: int) -> Array:
        result = transform(numbers, axis=axis, norm=_UNSCALED[transform.__name__], overwrite_x=True)
        if not np.may_share_memory(result, numbers):  # SciPy may overwrite the numbers, and need not
            np.copyto(numbers, result)
        return numbers


_UNSCALED = {"fft": "backward", "ifft": "forward"}


def _under(numbers: Array, samples: Array) -> Array:
    """Return the corner of `numbers` of the size of `samples`."""
    return numbers[: samples.shape[0], : samples.shape[1]]


def _beyond(numbers: Array, samples: Array) -> list[Array]:
    """Return what remains of `numbers` beside that corner."""
    parts = numbers[samples.shape[0] :], numbers[: samples.shape[0], samples.shape[1] :]
    return [part for part in parts if part.size]


def _is_even(samples: Array) -> bool:
    """Return whether all samples are finite, and none so large that others would be lost beside it."""
    rows = np.abs(samples).max(axis=(1, 2))
    largest = float(rows.max())
    return math.isfinite(largest) and largest <= _LARGEST_CONTRAST * float(rows.min(where=rows > 0, initial=largest))

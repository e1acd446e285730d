"""Tiles: parts of a strip that a strategy copies, widens, and fills up with zeros, to do them as a whole.

But float pictures may hold infinity and NaN, which would spread over the tile, and numbers so large that others would
be lost beside them: tiles with such are done tap by tap.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.buffers import LINE
from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage
from imfilt.engine.strategies.taps import Taps

if TYPE_CHECKING:
    from imfilt.array_types import Array

Tile = tuple[int, int]
"""Its rows, and the numbers in each: the planes of a column one after the other."""

SIDES = tuple(sorted({1 << i for i in range(6, 15)} | {5 << i for i in range(4, 11)} | {3 << i for i in range(5, 12)}))
"""Sides of tiles that are transformed fast."""

SMALL_BYTES = 3 << 18
"""Of a tile: a sample of a larger one takes longer, as the caches leave off. All of these are measured by
tests/benchmarks/calibrate.py."""
MOVING_COST = 0.05
"""Nanoseconds a byte of what is kept for every tile or strip, and moved or read for each."""
TILE_COST = 40_000
"""Nanoseconds that the calls for a tile take, however small it is."""
_LARGEST_CONTRAST = 1e7
"""Between the largest numbers of two rows or planes of a tile: beyond it, what is lost beside the larger would show."""


class Tiled(ABC):
    """Sums that are computed tile by tile, each as large as the others and filled up with zeros."""

    def __init__(self, stage: Stage, dtype: str, tile: Tile, valid: tuple[int, int]) -> None:
        self.valid = valid
        """Rows and columns of the sums of a tile: those that do not look beyond it."""
        precision = np.dtype(np.float32 if dtype == "float32" else np.float64)
        # Rows that begin a power of two apart would fall onto each other in the cache.
        self.samples = np.zeros((tile[0], tile[1] + LINE // precision.itemsize), precision)[:, : tile[1]]
        """What the tile looks at."""
        self._reach = stage.down.reach, stage.across.reach
        self._taps = Taps(stage, dtype) if stage.is_unbounded else None

    @abstractmethod
    def filtered(self) -> Array:
        """Return the sums over what lies in `samples`: rows × numbers, of which those beyond `valid` do not count."""

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        height, width, planes = sums.shape
        if not planes:
            return []
        tall, wide = self.valid
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
        rows, length = len(samples), samples[0].size
        np.copyto(self.samples[:rows, :length], samples.reshape(rows, length), casting="unsafe")
        self.samples[rows:] = 0
        self.samples[:rows, length:] = 0
        result = self.filtered()[: len(target), : target[0].size]
        if target.dtype == ANY_INTEGER:
            result = result.astype(np.int64)  # so that Python's integers go on from here, and not its floats
        np.copyto(target, result.reshape(target.shape), casting="unsafe")


def _is_even(samples: Array) -> bool:
    """Return whether all samples are finite, and none so large that others would be lost beside it."""
    most = np.abs(samples)
    while most.shape[1] > 1:  # halves of rows side by side: plane by plane, NumPy takes ten times as long
        half, kept = most.shape[1] // 2, -(-most.shape[1] // 2)
        np.maximum(most[:, :half], most[:, kept:], out=most[:, :half])
        most = most[:, :kept]
    largest = float(most.max())
    return math.isfinite(largest) and largest <= _LARGEST_CONTRAST * float(most.min(where=most > 0, initial=largest))

"""The sums that a least-squares fit needs, gathered strip by strip, so that no large matrix is ever in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

BANDS = 16
"""How many parts of the picture are summed apart, so that one can be left out."""

_STRIP_SAMPLES = 1 << 16
_MOST_SAMPLES = 6_000_000
_MOST_WORK = 2e11
_LEAST_STRIPS = 64


class Levels(NamedTuple):
    """Which samples are taken as clipped: those at the ends of what can be held; none where there are no ends."""

    low: float = -np.inf
    high: float = np.inf
    middle: float = 0.0
    """Subtracted before anything is summed, so that the sums stay small."""


def gather(
    before: Array, after: Array, size: tuple[int, int], levels: Levels, opaque: Array | None = None
) -> Iterator[Array]:
    """Yield for each of `BANDS` the sums of products, (k + 2) × (k + 2) float64, of k neighbours, 1 and the result.

    `before` and `after` are rows × columns; `opaque`, of the same shape, is False where samples do not count. The
    neighbours are those that a kernel of `size` has around ``(rows // 2, columns // 2)``, row by row. Samples of
    `after` that are clipped, or whose neighbours are not all inside, are left out. Of large pictures, strips at equal
    distances are taken.
    """
    height, width = size
    rows, columns = before.shape[0] - height + 1, before.shape[1] - width + 1
    strip = max(1, min(_STRIP_SAMPLES // columns, rows // _LEAST_STRIPS))
    starts = range(0, rows, strip)
    wanted = min(_MOST_SAMPLES, max(_MOST_WORK / (height * width) ** 2, 40 * height * width))
    starts = starts[:: max(1, int(rows * columns / wanted))]
    for band in range(BANDS):
        total = np.zeros((height * width + 2,) * 2)
        for first in starts[band * len(starts) // BANDS : (band + 1) * len(starts) // BANDS]:
            matrix = _design(before, after, size, levels, opaque, range(first, min(first + strip, rows)))
            total += matrix @ matrix.T
        yield total


def _design(
    before: Array, after: Array, size: tuple[int, int], levels: Levels, opaque: Array | None, rows: range
) -> Array:
    height, width = size
    columns = before.shape[1] - width + 1
    top, left = height // 2, width // 2
    result = after[rows.start + top : rows.stop + top, left : left + columns]
    counts = (result > levels.low) & (result < levels.high) & np.isfinite(result)
    if opaque is not None:
        for y in range(height):
            for x in range(width):
                counts &= opaque[rows.start + y : rows.stop + y, x : x + columns]
    places = np.flatnonzero(counts)
    matrix = np.ones((height * width + 2, len(places)))
    for y in range(height):
        for x in range(width):
            block = before[rows.start + y : rows.stop + y, x : x + columns]
            matrix[y * width + x] = block.ravel()[places]
    matrix[-1] = result.ravel()[places]
    matrix -= levels.middle
    matrix[-2] = 1
    return matrix

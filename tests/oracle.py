"""The exact result of a filter, sample by sample: slow, plain, and in Python's integers and fractions alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Exact = int | Fraction
Plane = Sequence[Sequence[Exact]]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """One kernel."""

    weights: Plane
    divisor: Exact = 1
    bias: Exact = 0
    anchor: Pair | None = None

    @property
    def size(self) -> Pair:
        """Rows and columns."""
        return len(self.weights), len(self.weights[0])

    @property
    def sum(self) -> Fraction:
        """The sum of the weights over the divisor."""
        return Fraction(sum(map(sum, self.weights))) / self.divisor


@dataclass(frozen=True)
class Layout:
    """How kernels are laid over the picture."""

    border: str = "edge"
    size: str = "same"
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    correlate: bool = False


def exact(number: float | str | Fraction) -> Exact:
    """Return the number that is meant: of a float, the decimal that it is printed as."""
    value = Fraction(str(number))
    return value.numerator if value.denominator == 1 else value


def exact_rows(rows: Iterable[Iterable[float | str | Fraction]]) -> list[list[Exact]]:
    """Return rows of numbers as they are meant."""
    return [[exact(number) for number in row] for row in rows]


def planes(array: NDArray[np.generic]) -> list[list[list[Exact]]]:
    """Return the channels of an array (H × W or H × W × C), in Python's numbers, floats by their exact values."""
    cube = array if array.ndim == 3 else array[..., np.newaxis]
    to_exact = Fraction if array.dtype.kind == "f" else int
    return [[[to_exact(each) for each in row] for row in cube[..., c].tolist()] for c in range(cube.shape[2])]


def source(position: int, length: int, border: str) -> int:
    """Return where the sample comes from that stands at `position`, under a border that repeats samples."""
    if border == "edge":
        return sorted((0, position, length - 1))[1]
    while not 0 <= position < length:
        if border == "wrap":
            position += length if position < 0 else -length
        elif border == "symmetric":
            position = -1 - position if position < 0 else 2 * length - 1 - position
        elif length == 1:
            position = 0
        else:
            position = -position if position < 0 else 2 * (length - 1) - position
    return position


def sample(plane: Plane, y: int, x: int, border: str) -> Exact:
    """Return the sample at row `y` and column `x`, which may lie beyond the border."""
    height, width = len(plane), len(plane[0])
    if 0 <= y < height and 0 <= x < width:
        return plane[y][x]
    name, _, level = border.partition(":")
    if name == "zero":
        return 0
    if name == "constant":
        return exact(level)
    return plane[source(y, height, border)][source(x, width, border)]


def starts(length: int, taps: int, anchor: int, stride: int, dilation: int, size: str) -> range:
    """Return where the first tap lies for each output along one axis."""
    reach = dilation * (taps - 1)
    first, last = {
        "same": (-anchor * dilation, length - 1 - anchor * dilation),  # the anchor on every sample
        "valid": (0, length - 1 - reach),  # all taps inside
        "full": (-reach, length - 1),  # one tap inside
    }[size]
    return range(first, last + 1, stride)


def convolve(plane: Plane, step: Step, layout: Layout, at: Iterable[Pair] | None = None) -> dict[Pair, Exact]:
    """Return the exact results of one kernel, by row and column: all of them, or those `at` some positions."""
    weights = step.weights if layout.correlate else [row[::-1] for row in reversed(step.weights)]
    anchor = step.anchor or (step.size[0] // 2, step.size[1] // 2)
    rows, columns = (
        starts(length, step.size[axis], anchor[axis], layout.stride[axis], layout.dilation[axis], layout.size)
        for axis, length in enumerate((len(plane), len(plane[0])))
    )
    results: dict[Pair, Exact] = {}
    for y, x in at or [(y, x) for y in range(len(rows)) for x in range(len(columns))]:
        total: Exact = 0
        for i, row in enumerate(weights):
            for j, weight in enumerate(row):
                if weight:
                    position = rows[y] + i * layout.dilation[0], columns[x] + j * layout.dilation[1]
                    total += weight * sample(plane, *position, layout.border)
        results[y, x] = Fraction(total) / step.divisor + step.bias
    return results


def as_plane(results: dict[Pair, Exact]) -> list[list[Exact]]:
    """Return all results of `convolve` as rows."""
    height, width = max(y for y, _ in results) + 1, max(x for _, x in results) + 1
    return [[results[y, x] for x in range(width)] for y in range(height)]


def chain(plane: Plane, steps: Sequence[Step], layout: Layout) -> list[list[Exact]]:
    """Return the exact results of kernels in a row; the stride is that of the last."""
    rows: Plane = plane
    for step in steps:
        stride = layout.stride if step is steps[-1] else (1, 1)
        rows = as_plane(convolve(rows, step, replace(layout, stride=stride)))
    return [list(row) for row in rows]


def to_level(value: Exact, largest: int) -> int:
    """Return a result as a sample: rounded half up and clipped."""
    return min(max(math.floor(value + Fraction(1, 2)), 0), largest)


def to_levels(channels: Sequence[Plane], dtype: str) -> NDArray[np.generic]:
    """Return the results of all channels as samples, rows × columns × channels."""
    largest = int(np.iinfo(dtype).max)
    rounded = [[[to_level(value, largest) for value in row] for row in plane] for plane in channels]
    return np.moveaxis(np.array(rounded, dtype), 0, -1)

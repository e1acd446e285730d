"""How much two pictures differ: sample by sample, and as SSIM."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.rows import RowSource
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

Shape = tuple[int, int, int]

_STRIP = 64
"""Rows that are looked at together."""

# The window and the constants of SSIM, as in section III.B of its paper.
_SIGMA, _RADIUS = 1.5, 5
_K1, _K2 = 0.01, 0.03


class Worst(NamedTuple):
    """Where two pictures differ most."""

    row: int
    column: int
    channel: int
    levels: tuple[int | float, int | float]
    """The samples of the first and of the second picture."""


class Difference(NamedTuple):
    """What two pictures differ by, in levels."""

    largest: int | float
    mean: float
    """Of the absolute differences."""
    mse: float
    """The mean of their squares."""
    psnr: float
    """In decibels; infinite for pictures that are the same."""
    ssim: float | None
    """The mean over all channels; None for pictures smaller than its window.

    It is NaN where a sample is no finite number.
    """
    differing: float
    """The share of samples that differ by more than the tolerance."""
    worst: Worst | None
    """The first of those that differ most; None for pictures that are the same."""


def measure_difference(
    one: RowSource, other: RowSource, shape: Shape, samples: SampleType, *, tolerance: float = 0
) -> Difference:
    """Return how much two pictures of the same shape (rows, columns, channels) and type of sample differ.

    Sums over samples of 8 and 16 bits are exact. Two NaN, or two infinities of one sign, are no difference.

    PSNR is ``10 · log10(white² / mse)``. SSIM is that of Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment:
    From Error Visibility to Structural Similarity", IEEE Transactions on Image Processing 13 (2004): a Gaussian window
    of 11 × 11 with sigma 1.5, wherever it lies wholly inside, each channel on its own.
    """
    count = math.prod(shape)
    largest: int | float = 0
    sums: list[int | float] = []
    squares: list[int | float] = []
    differing, worst = 0, None
    for first, last in _strips(shape[0]):
        levels = [each.read_rows(first, last, range(shape[1]))[..., : shape[2]] for each in (one, other)]
        differences = absolute_differences(*levels)
        place = np.unravel_index(int(differences.argmax()), differences.shape)
        if differences[place] > largest:
            largest = differences[place].item()
            row, column, channel = map(int, place)
            worst = Worst(first + row, column, channel, (levels[0][place].item(), levels[1][place].item()))
        sums.append(differences.sum().item())
        squares.append((differences.astype(_dtype_of_squares(samples)) ** 2).sum().item())
        differing += int(np.count_nonzero(differences > tolerance))
    mse = _total(squares) / count
    psnr = 10 * math.log10(samples.largest**2 / mse) if 0 < mse < math.inf else (math.inf if mse == 0 else -math.inf)
    ssim = mean_ssim(one, other, shape, samples.largest)
    return Difference(largest, _total(sums) / count, mse, psnr, ssim, differing / count, worst)


def absolute_differences(one: Array, other: Array) -> Array:
    """Return ``|one - other|``, as int64 or float64; infinite between NaN and a number."""
    if one.dtype.kind != "f":
        return np.abs(one.astype(np.int64) - other)
    with np.errstate(invalid="ignore"):
        differences = np.abs(one.astype(np.float64) - other)
    alike = (one == other) | (np.isnan(one) & np.isnan(other))
    differences[np.isnan(differences)] = np.inf
    differences[alike] = 0
    return differences


def mean_ssim(one: RowSource, other: RowSource, shape: Shape, white: int) -> float | None:
    """Return the mean structural similarity of two pictures; None where they are smaller than its window."""
    rows, columns, channels = shape
    reach = 2 * _RADIUS
    if min(rows, columns) <= reach:
        return None
    totals = []
    for first, last in _strips(rows - reach):
        strips = [each.read_rows(first, last + reach, range(columns)).astype(np.float64) for each in (one, other)]
        with np.errstate(invalid="ignore", over="ignore"):  # of NaN and infinity, which make it NaN
            totals += [_ssim(strips[0][..., c], strips[1][..., c], white).sum().item() for c in range(channels)]
    return math.fsum(totals) / ((rows - reach) * (columns - reach) * channels)


def _ssim(x: Array, y: Array, white: int) -> Array:
    """Return the structural similarity wherever the window lies inside."""
    c1, c2 = (_K1 * white) ** 2, (_K2 * white) ** 2
    mean_x, mean_y = _weighted_means(x), _weighted_means(y)
    variances = _weighted_means(x * x) + _weighted_means(y * y) - mean_x * mean_x - mean_y * mean_y
    covariance = _weighted_means(x * y) - mean_x * mean_y
    similarity: Array = (
        (2 * mean_x * mean_y + c1)
        * (2 * covariance + c2)
        / ((mean_x * mean_x + mean_y * mean_y + c1) * (variances + c2))
    )
    return similarity


def _weighted_means(plane: Array) -> Array:
    """Return the means under the Gaussian window, wherever it lies inside."""
    distances = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-(distances**2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    for _ in range(2):
        length = plane.shape[0] - 2 * _RADIUS
        plane = sum(weight * plane[i : i + length] for i, weight in enumerate(weights)).T
    return plane


def _strips(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(0, rows, _STRIP):
        yield first, min(first + _STRIP, rows)


def _dtype_of_squares(samples: SampleType) -> str:
    """Return a dtype for squares of differences: exact where 64 bits hold their sums."""
    return "int64" if not samples.is_float and samples.bound < 1 << 16 else "float64"


def _total(sums: list[int | float]) -> int | float:
    return math.fsum(sums) if any(isinstance(each, float) for each in sums) else sum(sums)

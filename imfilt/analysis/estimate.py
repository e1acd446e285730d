"""The kernel that turned one picture into another, by least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imfilt.analysis.moments import BANDS, Levels, gather
from imfilt.engine.recipes.samples import SampleType
from imfilt.errors import PictureError, UsageError
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

LARGEST_SIZE = 31

_LARGEST_CONDITION = 1e5
"""Of the samples around their mean: beyond it, rounding to whole levels is what the weights are made of."""


class Estimate(NamedTuple):
    """Weights that turn one picture into another, and how well they do."""

    laid: Array
    """The weights as they lie over the picture: those of a correlation."""
    bias: float
    """In levels."""
    errors: Array
    """The standard error of each weight, from fits that leave out one band of the picture at a time."""
    bias_error: float
    residual: float
    """The root of the mean squared difference that is left, in levels; rounding alone leaves 0.29."""
    explained: float
    """Which part of the variance of the result the fit explains."""
    condition: float
    """The largest over the smallest singular value of the samples around their mean."""
    samples: int
    """How many samples of the result were used."""


def estimate(
    before: Array, after: Array, size: tuple[int, int], samples: SampleType, opaque: Array | None = None
) -> list[Estimate]:
    """Return the estimate for each channel, and for all of them together as the last.

    `before` and `after` are rows × columns × channels of the same shape, `size` is rows and columns of the kernel, and
    `opaque`, rows × columns, is False where samples do not count. Raises `PictureError` with the reason where the
    pictures do not tell.
    """
    _check(before, after, size)
    middle = 0.0 if samples.is_float else float(samples.middle)
    levels = Levels(middle=middle) if samples.is_float else Levels(samples.smallest, samples.largest, middle)
    channels = [
        np.array(list(gather(before[..., channel], after[..., channel], size, levels, opaque)))
        for channel in range(before.shape[2])
    ]
    together = np.sum(channels, axis=0)
    return [_solve(bands, size, middle) for bands in ([together] if len(channels) == 1 else [*channels, together])]


def _check(before: Array, after: Array, size: tuple[int, int]) -> None:
    if max(size) > LARGEST_SIZE:
        raise UsageError(f"a kernel of {size[0]} x {size[1]} is too large to be estimated; give up to {LARGEST_SIZE}")
    if before.shape[:2] != after.shape[:2]:
        (rows, columns), (other_rows, other_columns) = before.shape[:2], after.shape[:2]
        raise PictureError(
            f"it is {other_columns} x {other_rows} and the one before is {columns} x {rows}; "
            "give two pictures of the same size"
        )
    if before.shape != after.shape or before.dtype != after.dtype:
        raise PictureError(
            f"it has {after.shape[2]} channels of {after.dtype} and the one before has {before.shape[2]} of "
            f"{before.dtype}; give two pictures of the same kind"
        )
    if before.shape[0] < 2 * size[0] or before.shape[1] < 2 * size[1]:
        raise PictureError(f"it is too small to tell a kernel of {size[0]} x {size[1]}; give a larger picture")


def _solve(bands: Array, size: tuple[int, int], middle: float) -> Estimate:
    """Return the fit of all bands, with what leaving out each of them changes."""
    total = bands.sum(axis=0)
    number = total[-2, -2]
    unknowns = size[0] * size[1]
    if number < 4 * unknowns + 40:
        raise PictureError(
            f"only {number:.0f} of its samples are neither clipped nor near the border, too few to tell "
            f"{unknowns} weights; give a picture with fewer black and white parts, or a smaller --size"
        )
    covariance = _covariance(total)
    values = np.linalg.eigvalsh(covariance[:-1, :-1])
    if values[-1] <= 1e-12 * max(1.0, middle) ** 2:
        raise PictureError("the picture before it is flat: every kernel would do; give one with detail")
    condition = np.sqrt(values[-1] / max(values[0], 1e-300))
    if condition > _LARGEST_CONDITION:
        raise PictureError(
            f"the picture before it is too smooth to tell {unknowns} weights apart (singular, condition "
            f"{condition:.1e}); give one with finer detail, or a smaller --size"
        )
    weights, bias = _fit(total, middle)
    spread = covariance[-1, -1] - 2 * weights @ covariance[:-1, -1] + weights @ covariance[:-1, :-1] @ weights
    others = [np.append(*_fit(total - band, middle)) for band in bands if 0 < band[-2, -2] < number - 4 * unknowns]
    errors = _jackknife(np.array(others), unknowns + 1)
    return Estimate(
        weights.reshape(size),
        bias,
        errors[:-1].reshape(size),
        float(errors[-1]),
        float(np.sqrt(max(spread, 0.0))),
        float(1 - spread / covariance[-1, -1]) if covariance[-1, -1] > 0 else 1.0,
        float(condition),
        int(number),
    )


def _covariance(sums: Array) -> Array:
    """Return the covariance of the neighbours and the result, which is the last."""
    number = sums[-2, -2]
    keep = [*range(len(sums) - 2), len(sums) - 1]
    means = sums[-2, keep] / number
    covariance: Array = sums[np.ix_(keep, keep)] / number - np.outer(means, means)
    return covariance


def _fit(sums: Array, middle: float) -> tuple[Array, float]:
    covariance = _covariance(sums)
    weights = np.linalg.solve(covariance[:-1, :-1], covariance[:-1, -1])
    number = sums[-2, -2]
    bias = (sums[-2, -1] - weights @ sums[-2, :-2]) / number + middle * (1 - weights.sum())
    return weights, float(bias)


def _jackknife(fits: Array, unknowns: int) -> Array:
    """Return standard errors: Efron & Stein, The Jackknife Estimate of Variance, 1981."""
    if len(fits) < BANDS // 2:
        return np.full(unknowns, np.nan)
    errors: Array = np.sqrt((len(fits) - 1) / len(fits) * ((fits - fits.mean(axis=0)) ** 2).sum(axis=0))
    return errors

"""Which named kernel an estimate is, and which fractions its weights are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imfilt.analysis.estimate import Estimate
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.registry import Registry
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

LARGEST_DIVISOR = 512
_SURE = 4
"""How many standard errors a weight may be off."""
_LEAST_TOLERANCE = 1e-4
_CLOSE = 0.01
_FLOAT_STEP = 2.0**-24
"""Between floats of 32 bits just below white; a sum of them is hardly off by more."""


class Nearest(NamedTuple):
    """A named kernel, and how near it is."""

    name: str
    difference: float
    """The largest difference of a weight, the bias (as a part of `white`) left out."""
    correlate: bool
    """Whether it is nearer as correlation lays it than as convolution does."""


def nearest_kernel(found: Estimate, registry: Registry, white: float) -> Nearest | None:
    """Return the nearest kernel of `registry` that is not larger; of equally near ones that with the nearest bias."""
    candidates = []
    for entry in registry.entries:
        kernel = entry.kernel
        for correlate in (False, True):
            try:
                laid = _in_middle(_laid(kernel, correlate), kernel.anchor, found.laid.shape)
            except OverflowError:  # no float is as large, so that none is near
                continue
            if laid is None:
                continue
            difference = float(np.abs(laid - found.laid).max())
            bias = abs(float(kernel.bias) - found.bias) / white
            candidates.append((max(difference, _CLOSE), bias > _CLOSE, difference, correlate, entry.name))
    if not candidates:
        return None
    _, _, difference, correlate, name = min(candidates, key=lambda each: (*each[:2], each[3], each[2]))
    return Nearest(name, difference, correlate)


def _laid(kernel: Kernel, correlate: bool) -> Array:
    weights = np.array(kernel.integer_form.floats())
    return weights if correlate else weights[::-1, ::-1]


def _in_middle(laid: Array, anchor: tuple[int, int] | None, shape: tuple[int, ...]) -> Array | None:
    """Return weights in a matrix of `shape` whose middle is their anchor; None where some do not fit."""
    y, x = anchor or (laid.shape[0] // 2, laid.shape[1] // 2)
    filled = np.zeros(shape)
    for (row, column), weight in np.ndenumerate(laid):
        place = row - y + shape[0] // 2, column - x + shape[1] // 2
        if 0 <= place[0] < shape[0] and 0 <= place[1] < shape[1]:
            filled[place] = weight
        elif weight:
            return None
    return filled


def as_fractions(found: Estimate) -> tuple[list[list[int]], int] | None:
    """Return whole weights, as a convolution has them, over the smallest divisor that fits, where one is sure to."""
    weights = found.laid[::-1, ::-1]
    errors = found.errors[::-1, ::-1]
    if not np.isfinite(errors).all():
        return None
    tolerance = np.maximum(_SURE * errors, _LEAST_TOLERANCE)
    for divisor in range(1, LARGEST_DIVISOR + 1):
        if (tolerance * divisor).max() > 0.2:  # any number is as near to a whole one as that, once in a while
            return None
        whole = np.rint(weights * divisor)
        if (np.abs(weights - whole / divisor) <= tolerance).all():
            return whole.astype(int).tolist(), divisor
    return None


def short_bias(found: Estimate, *, is_float: bool) -> float:
    """Return the bias in a few digits, or 0 where it may be what rounding makes of none."""
    if not is_float:
        return 0 if abs(found.bias) < 0.5 else round(found.bias, 2)
    is_none = abs(found.bias) <= _SURE * found.bias_error or abs(found.bias) < _FLOAT_STEP
    return 0 if is_none else float(f"{found.bias:.6g}")

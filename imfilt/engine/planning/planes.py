"""The planes that a chain of kernels runs over: numbers made of the samples of a picture as they come in."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.recipes.borders import BorderRule
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class Planes(NamedTuple):
    """Which numbers are made of samples of rows × columns × channels, the last channel being alpha if there is one."""

    count: Callable[[int], int]
    """From the channels of the picture to the number of planes."""
    bound: Callable[[int], int]
    """From what no sample is further from 0 than to the same for the numbers."""
    outside: Callable[[BorderRule, int], Fraction]
    """From a constant border and the level of white to the number that lies beyond it."""
    fill: Callable[[Array, Array], object]
    """From the samples to the numbers, into an array of the working dtype."""
    are_samples: bool = True
    """Whether the numbers are samples as they are."""


def _copy(samples: Array, numbers: Array) -> None:
    numbers[...] = samples


def _multiply_by_alpha(samples: Array, numbers: Array) -> None:
    for channel in range(numbers.shape[2]):  # broadcast, each pixel would take a loop
        np.multiply(samples[..., channel], samples[..., -1], out=numbers[..., channel], dtype=numbers.dtype)


PLANES = {
    "all": Planes(
        count=lambda channels: channels,
        bound=lambda most: most,
        outside=lambda rule, _: rule.level,
        fill=_copy,
    ),
    "colour": Planes(
        count=lambda channels: channels - 1,
        bound=lambda most: most,
        outside=lambda rule, _: rule.level,
        fill=lambda samples, numbers: _copy(samples[..., :-1], numbers),
    ),
    "alpha": Planes(
        count=lambda _: 1,
        bound=lambda most: most,
        outside=lambda rule, white: Fraction(white if rule.is_opaque else 0),
        fill=lambda samples, numbers: _copy(samples[..., -1:], numbers),
    ),
    "premultiplied": Planes(
        count=lambda channels: channels - 1,
        bound=lambda most: most * most,
        outside=lambda rule, white: rule.level * (white if rule.is_opaque else 0),
        fill=_multiply_by_alpha,
        are_samples=False,
    ),
}

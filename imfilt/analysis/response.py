"""What a kernel does to waves and to a single point."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.errors import RecipeError
from imfilt.kernels.kernel import Kernel
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

_ROUNDING = 1e-9

DIRECTIONS = {"across": (0, 1), "down": (1, 0), "diagonal": (1, 1)}
"""Which way waves run: rows and columns for each step."""


class Gain(NamedTuple):
    """How much a kernel amplifies."""

    flat: Fraction
    """What it multiplies a flat picture by: the sum of its weights."""
    noise: float
    """What it multiplies the standard deviation of white noise by: the root of the sum of the squared weights."""
    largest: float
    """What it multiplies the wave by that it amplifies most."""


def gain(kernel: Kernel) -> Gain:
    """Return how much a kernel amplifies; the largest gain is looked for among `frequency_response`."""
    noise = math.hypot(*_weights(kernel).ravel())
    return Gain(kernel.sum, noise, float(frequency_response(kernel).max()))


def frequency_response(kernel: Kernel, size: int = 129) -> Array:
    """Return by how much a kernel multiplies waves: size × size, float64.

    ``|H(v, u)| = |Σ w[i, j] · exp(-2πi (v·i + u·j))|`` for frequencies v and u, down and across, from -1/2 to 1/2
    cycles a sample. `size` is odd, so that the middle stands for 0.
    """
    frequencies = np.linspace(-0.5, 0.5, size)
    return _magnitudes(_weights(kernel), frequencies, frequencies)


def response_along(kernel: Kernel, direction: str, count: int = 33) -> Array:
    """Return by how much a kernel multiplies waves that run in one of `DIRECTIONS`, from 0 to 1/2 cycles a sample."""
    weights = _weights(kernel)
    frequencies = np.linspace(0, 0.5, count)
    down, across = DIRECTIONS[direction]
    if down and across:
        return np.array([_magnitudes(weights, each, each)[0, 0] for each in frequencies[:, np.newaxis]])
    nothing = np.zeros(1)
    return _magnitudes(weights, frequencies if down else nothing, frequencies if across else nothing).reshape(-1)


def impulse_response(kernel: Kernel) -> Array:
    """Return what it makes of a point of 1 in the middle of (2 · rows + 1) × (2 · columns + 1), as float64.

    That is the matrix as it is written: what is rotated when it is laid over a picture is seen rotated back in a point.
    """
    rows, columns = kernel.size
    y, x = (cell + 1 for cell in kernel.anchor_cell)
    result = np.zeros((2 * rows + 1, 2 * columns + 1))
    result[y : y + rows, x : x + columns] = _weights(kernel)
    return result


def numerical_rank(kernel: Kernel) -> int:
    """Return the rank of weights that are rounded: how many singular values are not as good as 0."""
    return int(np.linalg.matrix_rank(_weights(kernel), rtol=_ROUNDING))


def _weights(kernel: Kernel) -> Array:
    """Return the weights over the divisor, as float64; raise `RecipeError` where their sum may be none."""
    try:
        weights = np.array(kernel.integer_form.floats())
        math.fsum(np.abs(weights).ravel())
    except OverflowError:
        raise RecipeError("the weights are too large for floating point; make them smaller") from None
    return weights


def _magnitudes(weights: Array, down: Array, across: Array) -> Array:
    waves_down = np.exp(-2j * np.pi * np.outer(down, np.arange(weights.shape[0])))
    waves_across = np.exp(-2j * np.pi * np.outer(np.arange(weights.shape[1]), across))
    magnitudes: Array = np.abs(waves_down @ weights @ waves_across)
    return magnitudes

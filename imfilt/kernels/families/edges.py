"""Families that answer to edges and lines.

They are written as for convolution: the result is positive where samples grow towards the right (x) or downwards (y).
"""

from __future__ import annotations

import math
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.families.making import UNIT, differentiate, gaussian_line, in_units, radius_of
from imfilt.kernels.kernel import Kernel

AROUND = ("e", "ne", "n", "nw", "w", "sw", "s", "se")
"""The eight neighbours, from the right on against the clock."""
PLACES = {"e": (1, 2), "ne": (0, 2), "n": (0, 1), "nw": (0, 0), "w": (1, 0), "sw": (2, 0), "s": (2, 1), "se": (2, 2)}

# H. Farid and E. Simoncelli, Differentiation of Discrete Multidimensional Signals, 2004, table for 5 taps.
_FARID_SMOOTH = (
    "0.0376593171958126",
    "0.249153396177344",
    "0.426374573253687",
    "0.249153396177344",
    "0.0376593171958126",
)
_FARID_SLOPE = ("0.109603762960254", "0.276690988455557", "0", "-0.276690988455557", "-0.109603762960254")


def sobel(axis: str, angle: Fraction | None, size: int) -> Kernel:
    """Return a difference over 2 samples, smoothed on along and across by binomial weights."""
    if size % 2 == 0:
        raise KernelError(f"size: {size} is even; it must be odd")
    shorter = [math.comb(size - 3, place) for place in range(size - 2)]
    slope = [above - below for above, below in zip([*shorter, 0, 0], [0, 0, *shorter], strict=True)]
    return differentiate([math.comb(size - 1, place) for place in range(size)], slope, axis, angle)


def prewitt(axis: str, angle: Fraction | None) -> Kernel:
    """Return a difference over 2 samples, of means across."""
    return differentiate((1, 1, 1), (1, 0, -1), axis, angle)


def scharr(axis: str, angle: Fraction | None) -> Kernel:
    """Return a difference over 2 samples, smoothed across so that all directions count alike."""
    return differentiate((3, 10, 3), (1, 0, -1), axis, angle)


def farid(axis: str, angle: Fraction | None) -> Kernel:
    """Return the derivative of 5 taps whose slope and smoothing go together best."""
    unit = 10**16
    smooth, slope = ([int(Fraction(weight) * unit) for weight in line] for line in (_FARID_SMOOTH, _FARID_SLOPE))
    return differentiate(smooth, slope, axis, angle, unit**2, approximate=True)


def roberts(axis: str) -> Kernel:
    """Return the difference over one of the two diagonals of 2 x 2 samples."""
    return Kernel([[1, 0], [0, -1]] if axis == "x" else [[0, 1], [-1, 0]])


def kirsch(direction: str) -> Kernel:
    """Return 5 in three neighbours towards a direction, -3 in the others."""
    rows = [[-3, -3, -3], [-3, 0, -3], [-3, -3, -3]]
    middle = AROUND.index(direction)
    for place in (middle - 1, middle, (middle + 1) % 8):
        y, x = PLACES[AROUND[place]]
        rows[y][x] = 5
    return Kernel(rows)


def laplacian(neighbours: str) -> Kernel:
    """Return the sum of the neighbours less as many times the middle."""
    return Kernel([[0, 1, 0], [1, -4, 1], [0, 1, 0]] if neighbours == "4" else [[1, 1, 1], [1, -8, 1], [1, 1, 1]])


def laplacian_of_gaussian(sigma: Fraction, radius: int | None) -> Kernel:
    """Return the sum of the second derivatives of a Gaussian, a column times a row twice; it sums to exactly 0."""
    reach = radius_of(sigma, radius)
    smooth = gaussian_line(sigma, reach)
    width = float(sigma) ** 2
    bends = [
        ((x * x) / width - 1) / width * (weight / UNIT)
        for x, weight in zip(range(-reach, reach + 1), smooth, strict=True)
    ]
    excess = math.fsum(bends)  # what the sampling adds, taken off in proportion to the Gaussian
    bend = in_units([value - excess * weight / UNIT for value, weight in zip(bends, smooth, strict=True)], 0)
    rows = [
        [b1 * s2 + s1 * b2 for b2, s2 in zip(bend, smooth, strict=True)] for b1, s1 in zip(bend, smooth, strict=True)
    ]
    return Kernel(rows, divisor=UNIT**2, approximate=True)


def difference_of_gaussians(sigma: Fraction, wide: Fraction | None) -> Kernel:
    """Return a Gaussian less a wider one; it sums to exactly 0."""
    outer = sigma * Fraction(8, 5) if wide is None else wide
    reach = max(radius_of(sigma, None, can_be_cut=False), radius_of(outer, None, called="wide", can_be_cut=False))
    first, second = gaussian_line(sigma, reach), gaussian_line(outer, reach)
    rows = [[a * b - c * d for b, d in zip(first, second, strict=True)] for a, c in zip(first, second, strict=True)]
    return Kernel(rows, divisor=UNIT**2, approximate=True)


def gaussian_derivative(sigma: Fraction, radius: int | None, axis: str, angle: Fraction | None) -> Kernel:
    """Return the derivative of a Gaussian, ``-x / σ²`` times it, by a Gaussian across."""
    reach = radius_of(sigma, radius)
    smooth = gaussian_line(sigma, reach)
    half = in_units([x / float(sigma) ** 2 * smooth[reach + x] / UNIT for x in range(1, reach + 1)])
    slope = (*reversed(half), 0, *(-weight for weight in half))
    return differentiate(smooth, slope, axis, angle, UNIT**2, approximate=True)


def gabor(
    sigma: Fraction, wavelength: Fraction, angle: Fraction, gamma: Fraction, phase: Fraction, radius: int | None
) -> Kernel:
    """Return a wave under a Gaussian: ``exp(-(x'² + γ² y'²) / 2σ²) · cos(2π x' / λ + φ)``.

    x' and y' are the coordinates turned by `angle` from x towards y.
    """
    reach = radius_of(sigma if gamma > 1 else sigma / gamma, radius, 3, called="sigma/gamma")
    turn, shift, width = math.radians(angle % 360), math.radians(phase % 360), 2 * float(sigma) ** 2
    cosine, sine, wave, squeeze = math.cos(turn), math.sin(turn), 2 * math.pi / float(wavelength), float(gamma) ** 2
    places = range(-reach, reach + 1)
    rows = []
    for y in places:
        turned_places = [(x * cosine + y * sine, y * cosine - x * sine) for x in places]
        rows.append(
            in_units(
                [math.exp(-(a * a + squeeze * b * b) / width) * math.cos(wave * a + shift) for a, b in turned_places]
            )
        )
    return Kernel(rows, divisor=UNIT, approximate=True)

"""How families make kernels: lines of whole numbers over one divisor, and their products.

Numbers that no fraction gives are rounded to multiples of 1 / `UNIT`, and what must hold of their sum holds exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import LARGEST_SIDE, Kernel
from imfilt.kernels.numbers import format_exact

UNIT = 1 << 40
"""Weights are right to 1e-12, and products of two lines to about as much."""

LARGEST_RADIUS = LARGEST_SIDE // 2

Line = tuple[int, ...]
Rows = Sequence[Sequence[int]]


def product(column: Sequence[int], row: Sequence[int], divisor: int, *, approximate: bool = False) -> Kernel:
    """Return the kernel whose weights are ``column[i] * row[j] / divisor``."""
    return Kernel([[above * across for across in row] for above in column], divisor=divisor, approximate=approximate)


def in_units(numbers: Sequence[float], total: int | None = None) -> Line:
    """Return numbers in units, the middle one so that they add up to `total` exactly, where it is given."""
    line = [round(number * UNIT) for number in numbers]
    if total is not None:
        line[len(line) // 2] += total * UNIT - sum(line)
    return tuple(line)


def mean_of(rows: Sequence[Sequence[float]]) -> Kernel:
    """Return the kernel of weights in proportion to `rows`, whose sum is exactly 1; none of `rows` is below 0."""
    total = math.fsum(map(math.fsum, rows))
    weights = [[round(number / total * UNIT) for number in row] for row in rows]
    weights[len(rows) // 2][len(rows[0]) // 2] += UNIT - sum(map(sum, weights))
    return Kernel(weights, divisor=UNIT, approximate=True)


def gaussian_line(sigma: Fraction, radius: int) -> Line:
    """Return ``exp(-x² / 2σ²)`` at the whole numbers from -radius to radius, in units that add up to exactly 1."""
    values = [math.exp(-((x / float(sigma)) ** 2) / 2) for x in range(-radius, radius + 1)]
    total = math.fsum(values)
    return in_units([value / total for value in values], 1)


def radius_of(
    sigma: Fraction, radius: int | None, widths: int = 4, *, called: str = "sigma", can_be_cut: bool = True
) -> int:
    """Return the radius that is given, or else as many sigmas as `widths`, rounded.

    Raise where that is too large, with what `sigma` is `called`, and whether a radius can be given.
    """
    found = math.floor(sigma * widths + Fraction(1, 2)) if radius is None else radius
    if found > LARGEST_RADIUS:
        cut = f", or a radius of up to {LARGEST_RADIUS}" if can_be_cut else ""
        raise KernelError(
            f"{called}={format_exact(sigma)} makes a kernel of {2 * found + 1} x {2 * found + 1}, and the largest is "
            f"{LARGEST_SIDE} x {LARGEST_SIDE}; give a smaller {called}{cut}"
        )
    return found


def turned(along_x: Rows, along_y: Rows, angle: Fraction, divisor: int, *, approximate: bool = False) -> Kernel:
    """Return ``cos(angle) · along_x + sin(angle) · along_y``, exact where the angle is a multiple of 90 degrees.

    W. Freeman and E. Adelson, The Design and Use of Steerable Filters, 1991, equation 3.
    """
    if angle % 90 == 0:
        quarter = int(angle // 90) % 4
        cosine, sine, unit = (1, 0, -1, 0)[quarter], (0, 1, 0, -1)[quarter], 1
    else:
        radians = math.radians(angle % 360)
        cosine, sine, unit = round(math.cos(radians) * UNIT), round(math.sin(radians) * UNIT), UNIT
    rows = [[cosine * x + sine * y for x, y in zip(*both, strict=True)] for both in zip(along_x, along_y, strict=True)]
    return Kernel(rows, divisor=divisor * unit, approximate=approximate or unit != 1)


def differentiate(
    smooth: Sequence[int],
    slope: Sequence[int],
    axis: str,
    angle: Fraction | None,
    divisor: int = 1,
    *,
    approximate: bool = False,
) -> Kernel:
    """Return the derivative along an axis, or an angle from x towards y: `slope` along it, `smooth` across it."""
    if angle is None:
        column, row = (smooth, slope) if axis == "x" else (slope, smooth)
        return product(column, row, divisor, approximate=approximate)
    along_x = [[across * down for down in slope] for across in smooth]
    return turned(along_x, list(zip(*along_x, strict=True)), angle, divisor, approximate=approximate)

"""Families that smooth; their weights sum to exactly 1."""

from __future__ import annotations

import math
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.families.making import UNIT, gaussian_line, mean_of, product, radius_of
from imfilt.kernels.kernel import Kernel

_MOST_EXACT_BINOMIAL = 28
"""With more, 8-bit sums would go beyond 64 bits."""


def gaussian(sigma: Fraction | None, radius: int | None) -> Kernel:
    """Return the Gaussian sampled at whole numbers, a column times a row.

    Without a radius it ends at 4 sigma, rounded, as in ``scipy.ndimage.gaussian_filter``; without a sigma, sigma is
    ``0.3 · (radius - 1) + 0.8``, as in OpenCV's ``getGaussianKernel``.
    """
    if sigma is None:
        sigma = Fraction(1) if radius is None else max(Fraction(3 * (radius - 1) + 8, 10), Fraction(1, 2))
    line = gaussian_line(sigma, radius_of(sigma, radius))
    return product(line, line, UNIT**2, approximate=True)


def box(radius: int) -> Kernel:
    """Return the mean of all samples of a square."""
    line = (1,) * (2 * radius + 1)
    return product(line, line, len(line) ** 2)


def pyramid(radius: int) -> Kernel:
    """Return the mean with weights that fall off along straight lines, a column 1 2 … 2 1 times such a row."""
    line = [radius + 1 - abs(x) for x in range(-radius, radius + 1)]
    return product(line, line, (radius + 1) ** 4)


def binomial(size: int) -> Kernel:
    """Return binomial coefficients, a column times a row."""
    line = [math.comb(size - 1, place) for place in range(size)]
    return product(line, line, 4 ** (size - 1), approximate=size > _MOST_EXACT_BINOMIAL)


def disk(radius: Fraction) -> Kernel:
    """Return the mean over a circle, each sample by the area of its square that lies within."""
    r = float(radius)
    reach = math.ceil(radius - Fraction(1, 2))

    def beside_origin(x: float, y: float) -> float:
        """Return the area of the circle between the axes, x and y; negative where one of them is."""
        sign = math.copysign(1.0, x) * math.copysign(1.0, y)
        x, y = min(abs(x), r), min(abs(y), r)
        if x * x + y * y <= r * r:
            return sign * x * y
        start = math.sqrt(r * r - y * y)
        return sign * (start * y + _area_under(x, r) - _area_under(start, r))

    def area_within(y: int, x: int) -> float:
        """Return how much of the square around a sample, none of them left of the middle or above it, is within."""
        if math.hypot(x + 0.5, y + 0.5) <= r:
            return 1.0
        if math.hypot(max(x - 0.5, 0.0), max(y - 0.5, 0.0)) >= r:
            return 0.0
        far, near = (beside_origin(x + 0.5, end) - beside_origin(x - 0.5, end) for end in (y + 0.5, y - 0.5))
        return max(far - near, 0.0)

    quarter = [[area_within(y, x) for x in range(reach + 1)] for y in range(reach + 1)]
    half = [[*reversed(row[1:]), *row] for row in quarter]
    return mean_of([*reversed(half[1:]), *half])


def _area_under(x: float, r: float) -> float:
    """Return the integral of ``sqrt(r² - t²)`` from 0 to x."""
    return (x * math.sqrt(max(r * r - x * x, 0.0)) + r * r * math.asin(min(x / r, 1.0))) / 2


def motion(length: Fraction, angle: Fraction) -> Kernel:
    """Return the mean along a line, each sample by 1 less its distance from it.

    The line is as long as the distance between the first and the last of `length` samples, and rises by `angle`
    degrees to the right.
    """
    if angle % 90 == 0:
        return _straight_motion(length, is_upright=angle % 180 == 90)
    half = (float(length) - 1) / 2
    cosine, sine = math.cos(math.radians(angle % 180)), math.sin(math.radians(angle % 180))
    across, down = (math.ceil(half * abs(part) - 1e-9) + 1 for part in (cosine, sine))
    rows = []
    for y in range(-down, down + 1):
        along = [(x, x * cosine - y * sine) for x in range(-across, across + 1)]
        rows.append(
            [
                max(1 - math.hypot(x - clip * cosine, y + clip * sine), 0.0)
                for x, at in along
                for clip in (min(max(at, -half), half),)
            ]
        )
    return mean_of(_without_empty_border(rows))


def _straight_motion(length: Fraction, *, is_upright: bool) -> Kernel:
    """Return the mean along a row or a column, exactly."""
    half = (length - 1) / 2
    reach = math.ceil(half)
    line = [1 - max(abs(place) - half, Fraction(0)) for place in range(-reach, reach + 1)]
    return Kernel([[weight] for weight in line] if is_upright else [line], divisor="sum")


def _without_empty_border(rows: list[list[float]]) -> list[list[float]]:
    """Drop the outermost rows, and columns, while they hold nothing; the matrix is the same upside down."""
    while len(rows) > 1 and max(rows[0]) <= 1e-9:
        rows = rows[1:-1]
    while len(rows[0]) > 1 and max(row[0] for row in rows) <= 1e-9:
        rows = [row[1:-1] for row in rows]
    return rows


def savgol(size: int, degree: int, derivative: int, axis: str) -> Kernel:
    """Return the derivative, in the middle, of the polynomial that fits a row (or a column) of samples best.

    Exact, from the normal equations in fractions. As all kernels it is written as for convolution.
    """
    if size % 2 == 0:
        raise KernelError(f"size: {size} is even; the middle of an odd number of samples is meant")
    if not derivative <= degree < size:
        raise KernelError("the degree must be less than the size, and the derivative no more than the degree")
    half = size // 2
    moments = [Fraction(sum(x**power for x in range(-half, half + 1))) for power in range(2 * degree + 1)]
    equations = [
        [*moments[row : row + degree + 1], Fraction(math.factorial(derivative) if row == derivative else 0)]
        for row in range(degree + 1)
    ]
    fitted = _solve(equations)
    line = [sum(part * x**power for power, part in enumerate(fitted)) for x in range(half, -half - 1, -1)]
    return Kernel([line] if axis == "x" else [[weight] for weight in line])


def _solve(equations: list[list[Fraction]]) -> list[Fraction]:
    """Solve linear equations, each of its coefficients and its right side, by elimination; they are changed."""
    for place in range(len(equations)):
        pivot = next(row for row in range(place, len(equations)) if equations[row][place])
        equations[place], equations[pivot] = equations[pivot], equations[place]
        first = [value / equations[place][place] for value in equations[place]]
        equations[place] = first
        for other, row in enumerate(equations):
            if other != place and row[place]:
                equations[other] = [value - row[place] * above for value, above in zip(row, first, strict=True)]
    return [row[-1] for row in equations]

"""Families that sharpen, light from one side, or leave all as it is."""

from __future__ import annotations

from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.families.edges import AROUND, PLACES
from imfilt.kernels.families.making import UNIT, gaussian_line, radius_of
from imfilt.kernels.kernel import Kernel


def identity(size: int) -> Kernel:
    """Return the kernel that changes nothing."""
    if size % 2 == 0:
        raise KernelError(f"size: {size} is even; it must be odd")
    middle = size // 2
    return Kernel([[int(y == x == middle) for x in range(size)] for y in range(size)])


def sharpen(amount: Fraction) -> Kernel:
    """Return the picture less `amount` times its Laplacian of 4 neighbours."""
    a, b = amount.numerator, amount.denominator
    return Kernel([[0, -a, 0], [-a, b + 4 * a, -a], [0, -a, 0]], divisor=b)


def unsharp(sigma: Fraction, amount: Fraction, radius: int | None) -> Kernel:
    """Return the picture and `amount` times what a Gaussian takes from it."""
    reach = radius_of(sigma, radius)
    line = gaussian_line(sigma, reach)
    rows = [[-amount.numerator * across * down for across in line] for down in line]
    rows[reach][reach] += (amount.numerator + amount.denominator) * UNIT**2
    return Kernel(rows, divisor=amount.denominator * UNIT**2, approximate=True)


def emboss(angle: Fraction) -> Kernel:
    """Return the picture and its slope towards the light; a neighbour counts by how far it is turned from the light.

    The weights fall off along a straight line, from 2 towards the light to -2 away from it.
    """
    rows = [[Fraction(int(y == x == 1)) for x in range(3)] for y in range(3)]
    for place, name in enumerate(AROUND):
        turn = abs((angle - 45 * place + 180) % 360 - 180)
        y, x = PLACES[name]
        rows[y][x] = 2 - turn / 45
    return Kernel(rows)

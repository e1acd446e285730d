"""What becomes of the results of several kernels that are laid side by side over a picture: one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from imfilt.errors import RecipeError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.numbers import Number, to_fraction
from imfilt.quick import NamedTuple


class Combination(NamedTuple):
    """A way to make one exact result of those of several kernels, sample by sample."""

    name: str
    meaning: str
    ufunc: str = ""
    """NumPy's name for what makes one result of two."""
    share: Callable[[int], Fraction] | None = None
    """Given where a weighted sum of the kernels does it all: how much each of so many kernels counts."""
    is_absolute: bool = False
    """Whether it is of ``|h|``."""
    is_root: bool = False
    """Whether it is the square root of the sum of ``h²``, which stays exact as long as the root is not taken."""


COMBINATIONS = {
    entry.name: entry
    for entry in (
        Combination("magnitude", "the square root of the sum of h²: edges of any direction", "hypot", is_root=True),
        Combination("sum", "the sum", share=lambda _: Fraction(1)),
        Combination("mean", "the sum over the number of kernels", share=lambda kernels: Fraction(1, kernels)),
        Combination("max", "the largest", "maximum"),
        Combination("min", "the smallest", "minimum"),
        Combination("maxabs", "the largest |h|: the direction that answers most", "maximum", is_absolute=True),
    )
}


def add_kernels(
    kernels: Sequence[Kernel], anchors: Sequence[tuple[int, int]], share: Fraction, *, correlate: bool
) -> Kernel:
    """Return the one kernel that does what the sum of `kernels` does, times `share`, their anchors on one sample.

    >>> ahead, behind = Kernel([[1, 2]], divisor=2), Kernel([["1/3"], [1]])
    >>> both = add_kernels([ahead, behind], [(0, 0), (1, 0)], Fraction(1), correlate=True)
    >>> both.weights, both.divisor, both.anchor
    (((Fraction(2, 3), 0), (3, 2)), 2, (1, 0))
    """
    divisors = [to_fraction(kernel.divisor) for kernel in kernels]
    common = Fraction(
        math.lcm(*(divisor.numerator for divisor in divisors)), math.gcd(*(divisor.denominator for divisor in divisors))
    )
    top, left = max(y for y, _ in anchors), max(x for _, x in anchors)
    height = top + max(kernel.size[0] - y for kernel, (y, _) in zip(kernels, anchors, strict=True))
    width = left + max(kernel.size[1] - x for kernel, (_, x) in zip(kernels, anchors, strict=True))
    sums: list[list[int | Fraction]] = [[0] * width for _ in range(height)]
    for kernel, divisor, anchor in zip(kernels, divisors, anchors, strict=True):
        factor = int(common / divisor)
        for y, row in enumerate(_laid(kernel.weights, correlate), top - anchor[0]):
            for x, weight in enumerate(row, left - anchor[1]):
                sums[y][x] += factor * (weight if isinstance(weight, int) else to_fraction(weight))
    rows: Sequence[Sequence[Number]] = sums
    if any(kernel.has_floats for kernel in kernels):
        try:
            rows = [list(map(float, row)) for row in sums]
        except OverflowError:
            raise RecipeError("the weights are too large to be added; make them smaller") from None
    return Kernel(
        _laid(rows, correlate),
        divisor=common / share,
        bias=share * sum(to_fraction(kernel.bias) for kernel in kernels),
        anchor=(top, left),
        name="+".join(kernel.name for kernel in kernels),
        approximate=any(kernel.approximate for kernel in kernels),
    )


def _laid(rows: Sequence[Sequence[Number]], correlate: bool) -> Sequence[Sequence[Number]]:
    """Return a matrix as it lies over the picture; twice, and it is as it was."""
    return rows if correlate else half_turn(rows)

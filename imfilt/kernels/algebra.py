"""Kernels as numbers to calculate with: sums, multiples, compositions and turns, all exact.

Without border, rounding and clipping, ``(a + b)(P)`` is ``a(P) + b(P)``, and ``(a @ b)(P)`` is ``a(b(P))``.
Weights are added, multiplied and convolved as fractions; biases go along as such results ask for, and so do anchors.
Kernels of different sizes are added with the cells on top of each other that convolution lays on the output sample.

Weights that are approximate as it is are rounded, far below what they are right to, where their numbers become long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import LARGEST_SIDE, Kernel, half_turn
from imfilt.kernels.numbers import to_fraction
from imfilt.kernels.rounding import LONGEST_DIVISOR, rounded
from imfilt.kernels.separable import separate

Rows = Sequence[Sequence[int]]
Cell = tuple[int, int]
Spend = Callable[[int], None]
"""Is told how many steps come next, and may refuse."""


def add(first: Kernel, second: Kernel, spend: Spend = lambda _: None) -> Kernel:
    """Return the sum of two kernels."""
    anchors = first.anchor_cell, second.anchor_cell
    kernels = first, second
    # Convolution turns the matrix by 180 degrees, so the room above an anchor is what lies below it as it is written.
    below, right = (max(anchor[i] for anchor in anchors) for i in range(2))
    above, left = (
        max(kernel.size[i] - 1 - anchor[i] for kernel, anchor in zip(kernels, anchors, strict=True)) for i in range(2)
    )
    height, width = above + below + 1, left + right + 1
    _check_size(height, width)
    spend(height * width + _cells(first) + _cells(second))
    divisor = math.lcm(first.integer_form.divisor, second.integer_form.divisor)
    sums = [[0] * width for _ in range(height)]
    for kernel, anchor in zip(kernels, anchors, strict=True):
        factor = divisor // kernel.integer_form.divisor
        y0, x0 = (above + 1 - kernel.size[0] + anchor[0], left + 1 - kernel.size[1] + anchor[1])
        for y, row in enumerate(kernel.integer_form.weights, y0):
            there = sums[y][x0 : x0 + len(row)]
            sums[y][x0 : x0 + len(row)] = [had + factor * weight for had, weight in zip(there, row, strict=True)]
    bias = to_fraction(first.bias) + to_fraction(second.bias)
    return _made(sums, divisor, bias, (below, right), kernels)


def scale(kernel: Kernel, factor: Fraction, spend: Spend = lambda _: None) -> Kernel:
    """Return a multiple of a kernel, bias and all."""
    spend(_cells(kernel))
    form = kernel.integer_form
    rows = [[weight * factor.numerator for weight in row] for row in form.weights]
    bias = to_fraction(kernel.bias) * factor
    return _made(rows, form.divisor * factor.denominator, bias, kernel.anchor_cell, (kernel,))


def compose(outer: Kernel, inner: Kernel, spend: Spend = lambda _: None) -> Kernel:
    """Return the kernel that does at once what `inner` and then `outer` do: the convolution of the two."""
    size = outer.size[0] + inner.size[0] - 1, outer.size[1] + inner.size[1] - 1
    _check_size(*size)
    spend(_cells(outer) + _cells(inner) + size[0] * size[1])
    first, second = outer.integer_form, inner.integer_form
    factors = separate(first.weights), separate(second.weights)
    if factors[0] and factors[1]:
        column, row = (_convolve([factors[0][i]], [factors[1][i]], spend)[0] for i in range(2))
        rows = [[above * across for across in row] for above in column]
    else:
        rows = _convolve(first.weights, second.weights, spend)
    anchors = outer.anchor_cell, inner.anchor_cell
    bias = outer.sum * to_fraction(inner.bias) + to_fraction(outer.bias)
    anchor = anchors[0][0] + anchors[1][0], anchors[0][1] + anchors[1][1]
    return _made(rows, first.divisor * second.divisor, bias, anchor, (outer, inner))


def normalize(kernel: Kernel, spend: Spend = lambda _: None) -> Kernel:
    """Return the kernel over the sum of its weights."""
    if kernel.sum == 0:
        raise KernelError("the weights sum to 0, and nothing can be divided by 0")
    return scale(kernel, 1 / kernel.sum, spend)


def quarter_turn(kernel: Kernel, spend: Spend = lambda _: None) -> Kernel:
    """Return the kernel turned by 90 degrees against the clock, as ``numpy.rot90`` does."""
    spend(_cells(kernel))
    (y, x), width = kernel.anchor_cell, kernel.size[1]
    return _with_rows(kernel, list(zip(*kernel.weights, strict=True))[::-1], (width - 1 - x, y))


def flip(kernel: Kernel, spend: Spend = lambda _: None) -> Kernel:
    """Return the kernel turned by 180 degrees, as ``numpy.flip`` does: what tells convolution from correlation."""
    spend(_cells(kernel))
    (y, x), (height, width) = kernel.anchor_cell, kernel.size
    return _with_rows(kernel, half_turn(kernel.weights), (height - 1 - y, width - 1 - x))


def transpose(kernel: Kernel, spend: Spend = lambda _: None) -> Kernel:
    """Return the kernel with rows and columns exchanged."""
    spend(_cells(kernel))
    y, x = kernel.anchor_cell
    return _with_rows(kernel, list(zip(*kernel.weights, strict=True)), (x, y))


def dilate(kernel: Kernel, distance: int, spend: Spend = lambda _: None) -> Kernel:
    """Return the kernel with its weights so far apart, and 0 between them."""
    if distance < 1:
        raise KernelError("the distance must be a whole number from 1 on")
    height, width = ((side - 1) * distance + 1 for side in kernel.size)
    _check_size(height, width)
    spend(height * width)
    rows: list[list[int]] = [[0] * width for _ in range(height)]
    for y, row in enumerate(kernel.integer_form.weights):
        rows[y * distance][::distance] = row
    y, x = kernel.anchor_cell
    anchor = y * distance, x * distance
    return _made(rows, kernel.integer_form.divisor, to_fraction(kernel.bias), anchor, (kernel,))


def _made(rows: Rows, divisor: int, bias: Fraction, anchor: Cell, parents: Sequence[Kernel]) -> Kernel:
    """Return a kernel in lowest terms, approximate where one of those it was made of is."""
    approximate = not all(parent.is_exact or parent.is_short for parent in parents)
    if approximate and divisor.bit_length() > LONGEST_DIVISOR:
        rows, divisor = rounded(rows, divisor)
    common = divisor
    for row in rows:
        common = math.gcd(common, *row)
        if common == 1:
            break
    else:
        rows = [[weight // common for weight in row] for row in rows]
        divisor //= common
    anchor_ = _unless_middle(anchor, (len(rows), len(rows[0])))
    try:
        return Kernel(rows, divisor=divisor, bias=bias, anchor=anchor_, approximate=approximate)
    except KernelError:
        raise KernelError(
            "the exact weights of this have more than 308 digits; give kernels that come one after the other as "
            "several -k"
        ) from None


def _with_rows(kernel: Kernel, rows: Sequence[Sequence[object]], anchor: Cell) -> Kernel:
    size = len(rows), len(rows[0])
    return replace(kernel, weights=rows, anchor=_unless_middle(anchor, size))  # type: ignore[arg-type]


def _unless_middle(anchor: Cell, size: Cell) -> Cell | None:
    return None if anchor == (size[0] // 2, size[1] // 2) else anchor


def _cells(kernel: Kernel) -> int:
    return kernel.size[0] * kernel.size[1]


def _check_size(height: int, width: int) -> None:
    if max(height, width) > LARGEST_SIDE:
        raise KernelError(
            f"this makes a kernel larger than {LARGEST_SIDE} x {LARGEST_SIDE}; kernels one after the other need not be "
            "composed: give several -k"
        )


def _convolve(first: Rows, second: Rows, spend: Spend) -> list[list[int]]:
    """Return the whole convolution of two matrices."""
    taps = [(y, x, weight) for y, row in enumerate(first) for x, weight in enumerate(row) if weight]
    width = len(second[0])
    spend(len(taps) * len(second) * width)
    sums = [[0] * (len(first[0]) + width - 1) for _ in range(len(first) + len(second) - 1)]
    for y, x, weight in taps:
        for line, row in enumerate(second, y):
            there = sums[line][x : x + width]
            sums[line][x : x + width] = [had + weight * other for had, other in zip(there, row, strict=True)]
    return sums

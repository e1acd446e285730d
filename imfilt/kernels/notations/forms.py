"""The forms of a kernel that notations are made of: rotated, padded, over a divisor, in decimals. All of them exact."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.numbers import Number, to_fraction

Rows = Sequence[Sequence[Number]]

WHITE = 255
"""What 1 is in notations whose bias is a part of white, for pictures of 8 bits."""

_LONGEST_DECIMAL = 17


def over_divisor(kernel: Kernel) -> tuple[Rows, Number]:
    """Return weights without fractions and a positive divisor: as they were given, where they were given so."""
    numbers = [*(weight for row in kernel.weights for weight in row), kernel.divisor]
    if any(isinstance(number, Fraction) for number in numbers):
        return over_whole_divisor(kernel)
    sign = 1 if kernel.divisor > 0 else -1
    return [[weight * sign for weight in row] for row in kernel.weights], kernel.divisor * sign


def over_whole_divisor(kernel: Kernel) -> tuple[Rows, Number]:
    """Return whole weights and a positive whole divisor, in lowest terms."""
    form = kernel.integer_form
    return [list(row) for row in form.weights], form.divisor


def centred(laid: Rows, anchor: tuple[int, int]) -> Rows:
    """Return a matrix of odd sides with the anchor in the middle: the same kernel, with zeros added where needed.

    >>> centred([[1, 2]], (0, 1))
    [[1, 2, 0]]
    """
    above, below = _missing(anchor[0], len(laid))
    left, right = _missing(anchor[1], len(laid[0]))
    blank: list[Number] = [0] * (left + len(laid[0]) + right)
    middle = [[0] * left + list(row) + [0] * right for row in laid]
    return [blank[:] for _ in range(above)] + middle + [blank[:] for _ in range(below)]


def _missing(anchor: int, side: int) -> tuple[int, int]:
    before, after = anchor, side - 1 - anchor
    return max(after - before, 0), max(before - after, 0)


def in_the_middle_of(laid: Rows, rows: int, columns: int) -> Rows:
    """Return a matrix of odd sides in the middle of a larger one of zeros."""
    above, left = (rows - len(laid)) // 2, (columns - len(laid[0])) // 2
    larger: list[list[Number]] = [[0] * columns for _ in range(rows)]
    for y, row in enumerate(laid):
        larger[above + y][left : left + len(row)] = row
    return larger


def decimal(number: Number) -> str:
    """Return a number in decimals: exactly where 17 digits can hold it, else the nearest float.

    >>> decimal(Fraction(1, 16)), decimal(Fraction(1, 3))
    ('0.0625', '0.3333333333333333')
    """
    if isinstance(number, Fraction) and number.denominator != 1:
        exact = Decimal(number.numerator) / Decimal(number.denominator)
        text = f"{exact:f}"
        fits = Fraction(text) == number and len(text.strip("-0.")) <= _LONGEST_DECIMAL
        return text if fits else repr(float(number))
    return str(number)


def decimal_rows(rows: Rows, *, between_cells: str, between_rows: str) -> str:
    """Return rows as text, every number in decimals."""
    return between_rows.join(between_cells.join(map(decimal, row)) for row in rows)


def refuse_bias(kernel: Kernel, notation: str) -> None:
    """Raise `KernelError` where `kernel` has a bias."""
    if kernel.bias:
        raise KernelError(f"{notation} holds no bias; use json, toml, vips or opencv, or a kernel without one")


def refuse_anchor(kernel: Kernel, notation: str) -> None:
    """Raise `KernelError` where `kernel` has an anchor of its own."""
    if kernel.anchor not in (None, (kernel.size[0] // 2, kernel.size[1] // 2)):
        raise KernelError(f"{notation} holds no anchor; use json, toml, imagemagick or opencv")


def same_value(one: Kernel, other: Kernel) -> bool:
    """Return whether two kernels do the same to every picture, however they are written."""
    return _value(one) == _value(other)


def _value(kernel: Kernel) -> object:
    taps = centred(half_turn(kernel.integer_form.weights), kernel.anchor_cell)
    while len(taps) > 1 and not any(taps[0]) and not any(taps[-1]):
        taps = taps[1:-1]
    while len(taps[0]) > 1 and not any(row[0] or row[-1] for row in taps):
        taps = [row[1:-1] for row in taps]
    return taps, kernel.integer_form.divisor, to_fraction(kernel.bias)

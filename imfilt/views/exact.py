"""Exact numbers for a person."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from imfilt.kernels.numbers import short_decimal

_LONGEST = 7
_ONE = 10**6
_LARGEST = 10**15
"""Numbers beyond are as long as their places are of no account."""


def short_number(number: Fraction | float) -> str:
    """Return a number in a few signs: whole, as a short fraction, or in six digits.

    >>> short_number(Fraction(3)), short_number(Fraction(1, 9)), short_number(Fraction(10**6, 7))
    ('3', '1/9', '142857')
    """
    if isinstance(number, Fraction) and (number.denominator == 1 or len(str(number)) <= _LONGEST):
        return str(number)
    return str(number) if isinstance(number, int) else short_decimal(number)


def precise_number(number: Fraction | float) -> str:
    """Return a number as `short_number` does, but with a … where it is cut short.

    >>> precise_number(Fraction(411, 64)), precise_number(Fraction(1645, 256))
    ('411/64', '6.425781…')
    """
    text = short_number(number)
    return decimal(number) if isinstance(number, Fraction) and "." in text else text


def short_cells(rows: Sequence[Sequence[Fraction | float]]) -> list[list[str]]:
    """Return numbers as `short_number` does, but all of them as decimals where one is too long for a fraction."""
    cells = [[short_number(number) for number in row] for row in rows]
    if any("." in cell for row in cells for cell in row):
        return [[short_decimal(number) for number in row] for row in rows]
    return cells


def decimal(number: Fraction) -> str:
    """Return a number as a decimal of at most six places, which end in … where they are not all.

    >>> decimal(Fraction(5, 4)), decimal(Fraction(-8, 9))
    ('1.25', '-0.888888…')
    """
    if number.denominator == 1:
        return str(number)
    if abs(number) >= _LARGEST:
        return f"{short_decimal(number)}…"
    whole, rest = divmod(abs(number) * _ONE, 1)  # cut off, not rounded: what is left out goes on from there
    text = f"{'-' if number < 0 else ''}{whole // _ONE}.{whole % _ONE:06}"
    return f"{text}…" if rest else text.rstrip("0")

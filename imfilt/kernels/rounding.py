"""Approximate weights in numbers of bounded length.

The weights of a Gaussian are right to 1e-12, and each composition adds as many digits as its parts have. Here they are
brought back to about 38 digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from imfilt.kernels.separable import separate

LONGEST_DIVISOR = 512
"""Bits; approximate weights over a longer one are rounded."""
_BITS = 128

Rows = Sequence[Sequence[int]]


def rounded(rows: Rows, divisor: int) -> tuple[list[list[int]], int]:
    """Return whole weights and a divisor of few digits, to about 1e-38 of the weights' sum (or of their sizes' sum).

    A column times a row stays one. The sum of ``weights / divisor`` stays the same, unless it is itself a fraction of
    more digits than that: such a sum is rounded too.

    >>> weights, divisor = rounded([[3**400, 3**400]], 2 * 3**400)
    >>> divisor.bit_length() < 300, Fraction(sum(weights[0]), divisor)
    (True, Fraction(1, 1))
    """
    total = Fraction(sum(map(sum, rows)), divisor)
    factors = separate(rows)
    if factors is None:
        width = len(rows[0])
        cells, unit = _coarse([weight for row in rows for weight in row])
        coarse = [cells[start : start + width] for start in range(0, len(cells), width)]
    else:
        (column, down), (row, across) = map(_coarse, factors)
        coarse, unit = [[above * weight for weight in row] for above in column], down * across
    unit = _short(total) / sum(map(sum, coarse)) if total else _short(unit / divisor)
    return [[weight * unit.numerator for weight in line] for line in coarse], unit.denominator


def _coarse(line: Sequence[int]) -> tuple[list[int], Fraction]:
    """Return numbers as multiples of a unit, and the unit; where they add up to 0, so do the multiples."""
    total = sum(line)
    unit = Fraction(abs(total) or sum(map(abs, line)) or 1, 1 << _BITS)
    coarse = [round(number / unit) for number in line]
    if total == 0:
        largest = max(map(abs, coarse))
        peaks = [place for place, number in enumerate(coarse) if abs(number) == largest]
        excess, rest = divmod(sum(coarse), len(peaks))  # shared, so that what is symmetric stays so
        for place in peaks:
            coarse[place] -= excess
        coarse[peaks[0]] -= rest
    return coarse, unit


def _short(value: Fraction) -> Fraction:
    """Return `value` itself where it is short, and else with as many digits as count."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) <= 2 * _BITS:
        return value
    places = _BITS + value.denominator.bit_length() - value.numerator.bit_length()
    return round(value * Fraction(2) ** places) / Fraction(2) ** places

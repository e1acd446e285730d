"""The colours of figures and heat maps."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from imfilt.kernels.numbers import Number, to_fraction

Colour = tuple[int, int, int]

PAPER: Colour = (255, 255, 255)
INK: Colour = (28, 30, 34)
_NEGATIVE: Colour = (33, 102, 172)
_POSITIVE: Colour = (178, 60, 30)
_NEUTRAL: Colour = (247, 247, 247)


SIGNED = _NEGATIVE, _NEUTRAL, _POSITIVE
"""From the smallest number over 0 to the largest."""


def signed_colours(numbers: Sequence[Sequence[Number]], divisor: Number = 1) -> list[list[Colour]]:
    """Return blue for numbers that, over a divisor, are below 0, red for those above, and near white for 0."""
    sign = 1 if divisor > 0 else -1
    exact = [[sign * to_fraction(number) for number in row] for row in numbers]
    largest = max(abs(number) for row in exact for number in row) or Fraction(1)
    return [[signed_colour(float(number / largest)) for number in row] for row in exact]


def signed_colour(value: float) -> Colour:
    """Return the colour of a number from -1 to 1."""
    share = abs(value)
    end = _NEGATIVE if value < 0 else _POSITIVE
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(_NEUTRAL, end, strict=True))
    return red, green, blue


def ink_on(colour: Colour) -> Colour:
    """Return the colour of letters that can be read on `colour` (relative luminance as in ITU-R BT.601)."""
    return INK if 299 * colour[0] + 587 * colour[1] + 114 * colour[2] > 140_000 else PAPER

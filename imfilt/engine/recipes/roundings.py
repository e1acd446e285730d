"""How exact results become whole levels: one table."""

from __future__ import annotations

import math
from fractions import Fraction

from imfilt.quick import NamedTuple

_HALF = Fraction(1, 2)
_WHITE_OF_16_BITS = 65535


class Rounding(NamedTuple):
    """A way to round: something is added, and the fraction is dropped."""

    meaning: str
    part: Fraction
    """Of a level of `white`, or of one of the output: what is added."""
    ties_to_even: bool = False
    """Whether what was an exact half is then the even level."""
    white: int | None = None
    """The largest of the levels that are rounded to on the way."""

    @property
    def is_nearest(self) -> bool:
        """Whether results become the nearest level."""
        return self.part == _HALF and self.white is None

    def added(self, white: int) -> Fraction:
        """Return what is added to results whose largest level is `white`.

        >>> ROUNDINGS["half-up"].added(255), ROUNDINGS["half-up-16"].added(255)
        (Fraction(1, 2), Fraction(1, 514))
        """
        return self.part if self.white is None else self.part * min(Fraction(white, self.white), Fraction(1))

    def round(self, result: Fraction, white: int) -> int:
        """Return the level that an exact result becomes.

        >>> [ROUNDINGS["half-even"].round(Fraction(n, 2), 255) for n in (1, 2, 3)]
        [0, 1, 2]
        """
        level = math.floor(result + self.added(white))
        return level - level % 2 if self.ties_to_even and result.denominator == 2 else level


ROUNDINGS = {
    "half-up": Rounding("rounded half up", _HALF),
    "half-even": Rounding("rounded half to even", _HALF, ties_to_even=True),
    "down": Rounding("rounded down", Fraction(0)),
    "half-up-16": Rounding("rounded to 16 bits, then down", _HALF, white=_WHITE_OF_16_BITS),
}

"""What lies beyond the border of a picture: one table, under NumPy's own names."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from imfilt.engine.recipes.choices import choose
from imfilt.errors import KernelError, RecipeError
from imfilt.kernels.numbers import to_fraction, to_number
from imfilt.quick import NamedTuple, dataclass


@dataclass(frozen=True)
class Border:
    """A rule for the samples beyond the border, and what other tools call it (a dash where they have none)."""

    name: str
    meaning: str
    index: Callable[[int, int], int] | None
    """From a position outside 0 … n-1 and n to the position whose sample stands there; None for a constant."""
    opencv: str
    scipy: str
    imagemagick: str
    pytorch: str
    is_opaque: bool = True
    """Whether what lies beyond is opaque in a picture with alpha."""
    is_far: bool = False
    """Whether what stands beyond one side comes from the other."""

    def source(self, at: int, length: int) -> int | None:
        """Return the position of the sample that stands `at` any position of `length`; None for a constant beyond.

        >>> BORDERS["reflect"].source(3, 5), BORDERS["reflect"].source(-2, 5), BORDERS["zero"].source(-2, 5)
        (3, 2, None)
        """
        if 0 <= at < length:
            return at
        return None if self.index is None else self.index(at, length)


def _edge(i: int, n: int) -> int:
    return min(max(i, 0), n - 1)


def _reflect(i: int, n: int) -> int:
    period = max(2 * n - 2, 1)
    i %= period
    return min(i, period - i)


def _symmetric(i: int, n: int) -> int:
    i %= 2 * n
    return min(i, 2 * n - 1 - i)


def _wrap(i: int, n: int) -> int:
    return i % n


BORDERS = {
    border.name: border
    for border in (
        Border("edge", "aa|abcd|dd", _edge, "BORDER_REPLICATE", "nearest", "Edge", "replicate"),
        Border("reflect", "cb|abcd|cb", _reflect, "BORDER_REFLECT_101", "mirror", "-", "reflect"),
        Border("symmetric", "ba|abcd|dc", _symmetric, "BORDER_REFLECT", "reflect", "Mirror", "-"),
        Border("wrap", "cd|abcd|ab", _wrap, "BORDER_WRAP", "grid-wrap", "Tile", "circular", is_far=True),
        Border("zero", "00|abcd|00", None, "BORDER_CONSTANT", "constant", "Black", "zeros", is_opaque=False),
        Border("constant:V", "VV|abcd|VV", None, "BORDER_CONSTANT, V", "constant, cval=V", "Background", "constant"),
    )
}


class BorderRule(NamedTuple):
    """A border as a recipe asks for it: the rule, and the level that a constant border has."""

    border: Border
    level: Fraction = Fraction(0)

    @property
    def is_far(self) -> bool:
        """Whether what stands beyond one side comes from the other."""
        return self.border.is_far

    @property
    def is_opaque(self) -> bool:
        """Whether what lies beyond is opaque in a picture with alpha: `constant:V` paints, `zero` is transparent."""
        return self.border.is_opaque


def parse_border(text: str) -> BorderRule:
    """Return the rule that `text` names: ``edge``, …, ``zero``, or ``constant:V`` with a level V.

    >>> parse_border("constant:127.5").level
    Fraction(255, 2)
    """
    if not isinstance(text, str):
        raise RecipeError(f"border {text!r} is no name; choose from {', '.join(BORDERS)}")
    name, colon, value = text.partition(":")
    if name.strip().casefold() == "constant":
        try:
            level = to_fraction(to_number(value))
        except KernelError:
            raise RecipeError(f"border {text!r} needs a level, as in constant:128") from None
        return BorderRule(BORDERS["constant:V"], level)
    if colon:
        raise RecipeError(f"border {name!r} takes no value; only constant:V does")
    return BorderRule(BORDERS[choose("border", name, BORDERS)])

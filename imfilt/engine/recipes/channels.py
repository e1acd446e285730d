"""Which channels may be filtered, and the greys that may be made of colours before.

Weights of brightness: Rec. ITU-R BT.601-7, 2.5.1, and BT.709-6, 3.2.
"""

from __future__ import annotations

from fractions import Fraction

from imfilt.errors import RecipeError
from imfilt.quick import NamedTuple


class Grey(NamedTuple):
    """A way to make grey of red, green and blue: a sum of them with weights, rounded half up."""

    meaning: str
    weights: tuple[Fraction, Fraction, Fraction]


def _weights(*decimals: str) -> tuple[Fraction, Fraction, Fraction]:
    red, green, blue = map(Fraction, decimals)
    return red, green, blue


GREYS = {
    "rec601": Grey("0.299 R + 0.587 G + 0.114 B, as in JPEG", _weights("0.299", "0.587", "0.114")),
    "rec709": Grey("0.2126 R + 0.7152 G + 0.0722 B, as in sRGB and HDTV", _weights("0.2126", "0.7152", "0.0722")),
    "mean": Grey("(R + G + B) / 3", _weights("1/3", "1/3", "1/3")),
}

LUMA = "luma"
LETTERS = "rgba"


def check_channels(channels: str) -> str:
    """Return channels as they are known: ``luma``, or letters in their order; raise `RecipeError` for others."""
    letters = channels.casefold()
    if letters == LUMA:
        return LUMA
    if not letters or set(letters) - set(LETTERS) or len(set(letters)) < len(letters):
        raise RecipeError(f"channels {channels!r} are none; give some of the letters r, g, b and a, or luma")
    return "".join(letter for letter in LETTERS if letter in letters)

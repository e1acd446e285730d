"""The types of sample that a picture can have, and their levels."""

from __future__ import annotations

from fractions import Fraction

from imfilt.errors import RecipeError
from imfilt.quick import NamedTuple


class SampleType(NamedTuple):
    """A type of sample: its NumPy dtype name and its levels."""

    name: str
    largest: int
    """The level of white: 255, 65535, 1 for float pictures, or the largest whole number with a sign; black is 0."""
    smallest: int = 0
    """Samples with a sign go on below black."""
    is_float: bool = False
    """Float samples may lie outside `smallest` to `largest` and are not clipped."""

    @property
    def is_unsigned(self) -> bool:
        """Whether no sample is below 0."""
        return self.name.startswith("uint")

    @property
    def bound(self) -> int:
        """No sample of whole numbers is further from 0."""
        return max(self.largest, -self.smallest)

    @property
    def middle(self) -> Fraction:
        """Mid-grey: 128, 32768, or 1/2 for float pictures."""
        return Fraction(self.largest, 2) if self.is_float else Fraction((self.largest + 1) // 2)

    def at_depth(self, depth: str | None) -> SampleType:
        """Return what these samples become at a depth, a name of `DEPTHS`; themselves where it is None."""
        return self if depth is None else DEPTHS[depth]


def _signed(bits: int) -> SampleType:
    return SampleType(f"int{bits}", (1 << (bits - 1)) - 1, -(1 << (bits - 1)))


SAMPLE_TYPES = {
    kind.name: kind
    for kind in (
        SampleType("uint8", 255),
        SampleType("uint16", 65535),
        SampleType("uint32", (1 << 32) - 1),
        *map(_signed, (8, 16, 32)),
        SampleType("float32", 1, is_float=True),
        SampleType("float64", 1, is_float=True),
    )
}

DEPTHS = {"8": SAMPLE_TYPES["uint8"], "16": SAMPLE_TYPES["uint16"], "float": SAMPLE_TYPES["float32"]}
"""What a picture may be converted to: white becomes white, and black stays 0."""


def sample_type(name: str) -> SampleType:
    """Return the sample type of the dtype `name`; raise `RecipeError` where pictures have no such samples."""
    try:
        return SAMPLE_TYPES[name]
    except KeyError:
        raise RecipeError(
            f"samples of type {name} cannot be filtered; convert them to {', '.join(SAMPLE_TYPES)}"
        ) from None

"""What a plan is made of: stages, and chains of them."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from imfilt.engine.geometry import Axis

Weights = tuple[tuple[int, ...], ...] | tuple[tuple[float, ...], ...]

FLOATS = ("float32", "float64")
ANY_INTEGER = "object"  # Python's own integers: slow, and never too small


class Stage(NamedTuple):
    """One kernel of a chain, laid over numerators: whole numbers, or floats."""

    name: str
    weights: Weights
    """As they lie over the picture: rotated by 180 degrees for a convolution."""
    down: Axis
    across: Axis
    outside: int | float
    """What lies beyond a constant border."""
    offset: int | float
    """Added to every sum: the bias, in numerators."""
    largest_input: Fraction
    """No number that comes in is further from 0."""
    is_edge: bool = False
    """Whether a flat picture has to become 0 even in floats."""
    is_unbounded: bool = False
    """Whether any float may come in, even infinity and NaN, whatever `largest_input` says of what is usual."""
    is_last: bool = True
    """Whether no kernel comes after it, so that its rows come in whole strips."""
    planes: int = 1
    """How many planes it is laid over; 1 where there are none, as of the colours of alpha alone."""
    strategy: str = ""
    """A key of `imfilt.engine.strategies.STRATEGIES`."""
    held: int = 0
    """How many arrays as large as its window the strategy keeps beside the window."""
    window_dtype: str = ""
    """The dtype of the numbers it looks at: the working dtype, or that of the samples, which may be narrower."""

    @property
    def is_whole(self) -> bool:
        """Whether the weights are whole numbers."""
        return isinstance(self.weights[0][0], int)


class Chain(NamedTuple):
    """Kernels in a row over planes of the picture; the exact result is ``numerator / denominator``."""

    planes: str
    """A key of `imfilt.engine.planes.PLANES`."""
    stages: tuple[Stage, ...]
    scale: int
    """The samples are multiplied by it as they come in, so that a fractional border level is a whole number."""
    denominator: int
    bound: Fraction
    """No number that comes up on the way, partial sums included, is further from 0."""
    signed: bool
    """Whether a number below 0 can come up."""
    dtype: str
    """The NumPy dtype that holds everything within `bound`."""
    strip: int | None
    """Rows of output that a strategy wants to work on at a time; None where any number will do."""
    columns: int = 1
    """Columns of output that the last strategy works on at a time, or a multiple of them."""
    late: int = 0
    """How often the sample in the middle is added after the division, which keeps the numerators small."""
    negated: bool = False
    """Whether the exact result is ``late · sample - numerator / denominator``."""


def integer_dtype(bound: Fraction | int, *, signed: bool = True) -> str:
    """Return the narrowest dtype of whole numbers that holds everything within `bound` of 0.

    >>> integer_dtype(32767), integer_dtype(32768), integer_dtype(32768, signed=False), integer_dtype(2**64)
    ('int16', 'int32', 'uint16', 'object')
    """
    if not signed and bound < 1 << 8:
        return "uint8"
    if not signed and 1 << 15 <= bound < 1 << 16:
        return "uint16"
    return next(
        (name for name, bits in (("int16", 15), ("int32", 31), ("int64", 63)) if bound < 1 << bits), ANY_INTEGER
    )

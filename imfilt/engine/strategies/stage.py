"""The stage: what a strategy computes the sums of."""

from __future__ import annotations

from fractions import Fraction

from imfilt.engine.recipes.geometry import Axis
from imfilt.quick import NamedTuple

Weights = tuple[tuple[int, ...], ...] | tuple[tuple[float, ...], ...]


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
    tile_bytes: int = 0
    """Bytes that it keeps for a tile, however wide the window is."""
    window_dtype: str = ""
    """The dtype of the numbers it looks at: the working dtype, or that of the samples, which may be narrower."""

    @property
    def weight(self) -> Fraction:
        """How much larger than the largest number that comes in the sum may be."""
        return Fraction(sum(sum(map(abs, row)) for row in self.weights))

    @property
    def is_whole(self) -> bool:
        """Whether the weights are whole numbers."""
        return isinstance(self.weights[0][0], int)

"""What a strategy takes for a stage, in units that can be compared."""

from __future__ import annotations

from fractions import Fraction

from imfilt.engine.strategies.stage import Stage
from imfilt.quick import NamedTuple

# Nanoseconds for one pass over one sample in cache (an addition or a multiplication, in place), by working dtype.
# Measured by tests/benchmarks/calibrate.py.
PASS_COST = {
    "uint8": 0.02,
    "int16": 0.04,
    "uint16": 0.04,
    "int32": 0.09,
    "int64": 0.19,
    "object": 40.0,
    "float32": 0.09,
    "float64": 0.19,
}

_LARGEST_BYTE = 255


class Fit(NamedTuple):
    """What a strategy takes for a stage."""

    weight: Fraction
    """No sum on the way is larger than this times the largest number that comes in."""
    passes: float
    """Passes over the samples, each an addition or a multiplication in the working dtype."""
    nanoseconds: float = 0.0
    """What it takes for each sample beside the passes, whatever the dtype."""
    strip: int | None = None
    """Rows of output that it works on at a time; None where any number will do."""
    columns: int | None = None
    """Columns of output that it works on at a time; None where any number will do."""
    held: int = 3
    """How many arrays as large as its window it keeps beside the window."""
    tile_bytes: int = 0
    """Bytes that it keeps for a tile, however wide the window is."""
    signed: bool = False
    """Whether it comes by numbers below 0 where neither the weights nor the samples are."""

    def cost(self, dtype: str) -> float:
        """Return the estimated nanoseconds a sample in a working dtype."""
        return self.passes * PASS_COST[dtype] + self.nanoseconds


class Unfit(NamedTuple):
    """That a stage cannot be done with a strategy, and why."""

    why: str


def item_bytes(stage: Stage) -> int:
    """Return the bytes of a number of the working dtype, as far as one stage can tell."""
    if stage.is_whole:
        return 4 if stage.weight * stage.largest_input < 1 << 31 else 8
    return 8 if stage.is_unbounded or stage.largest_input > _LARGEST_BYTE else 4

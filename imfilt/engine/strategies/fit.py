"""What a strategy takes for a stage, in units that can be compared."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from imfilt.engine.stage import Stage

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
MOST_BYTES = 40 << 20
"""Of a strip with its window, where that is possible."""


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
        weight = sum(sum(map(abs, row)) for row in stage.weights)
        return 4 if weight * stage.largest_input < 1 << 31 else 8
    return 8 if stage.is_unbounded or stage.largest_input > _LARGEST_BYTE else 4


def strip_bytes(stage: Stage, rows: int, item: int) -> int:
    """Return the bytes of a strip of sums and of the window that it is computed from, higher by the kernel's reach."""
    row = (stage.across.output + stage.across.reach) * stage.planes * item
    return (2 * min(rows, stage.down.output) + stage.down.reach) * row


def fitting_rows(stage: Stage, rows: int, step: int) -> int:
    """Return about `rows` for a strip, a multiple of `step`, but less where a wide picture would fill the memory."""
    steps, item = -(-rows // step), item_bytes(stage)
    while steps > 1 and strip_bytes(stage, steps * step, item) > MOST_BYTES:
        steps -= 1
    return steps * step

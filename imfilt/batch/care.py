"""What is done for a job beside the picture itself."""

from __future__ import annotations

from imfilt.quick import NamedTuple


class Care(NamedTuple):
    """What is done for a job beside the picture itself; it changes no byte of a result."""

    sync: bool = False
    """Whether a result is on the disk before it counts as written."""
    keep_times: bool = False
    """Whether a result has the times of its source."""
    count_clipped: bool = False
    """Whether it is counted how many results were below 0 or above white."""
    tell_plan: bool = False
    """Whether the outcomes say how the engine went about it."""


USUAL_CARE = Care()

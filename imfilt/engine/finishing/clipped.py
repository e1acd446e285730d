"""How many results were clipped: counted while they are finished, where that is asked for."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.recipes.samples import SampleType
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class Clipped(NamedTuple):
    """How many results lay beyond the range of the samples, of how many."""

    below: int = 0
    above: int = 0
    samples: int = 0


class ClippedCounter:
    """Counts over all threads that finish a picture, and over all of its frames."""

    def __init__(self) -> None:
        self.total = Clipped()
        self._lock = Lock()

    def add(self, rounded: Array | None, samples: Array, output: SampleType, unused: int) -> None:
        """Count what becomes `samples`: results that are rounded and not yet clipped, or None where none has to be.

        Of the channels, the last, on dimension 2, `unused` are of no account.
        """
        channels = samples.shape[2] - unused
        below = above = 0
        if rounded is not None:
            seen = rounded[..., :channels]
            below, above = (int(np.count_nonzero(far)) for far in (seen < output.smallest, seen > output.largest))
        size = samples.shape[0] * samples.shape[1] * channels
        with self._lock:
            self.total = Clipped(self.total.below + below, self.total.above + above, self.total.samples + size)

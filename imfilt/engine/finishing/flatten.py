"""Alpha taken out: finished samples laid over a background of one colour, on their way to a sink."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.dtypes import integer_dtype
from imfilt.engine.recipes.background import Colour, flattened_channels
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.rows import RowSink

if TYPE_CHECKING:
    from imfilt.array_types import Array

_HALF = Fraction(1, 2)


class FlatteningRows:
    """A sink that lays rows of colour and alpha over a background: ``(c · a + b · (white - a)) / white``, half up."""

    def __init__(self, background: Colour, samples: SampleType, channels: int, sink: RowSink) -> None:
        self._samples = samples
        self._channels = channels
        self._sink = sink
        white = samples.largest
        levels = [Fraction(level * white, 255) for level in background[: flattened_channels(channels, background)]]
        if samples.is_float:
            self._dtype = "float64"
            self._background = np.array([float(level) for level in levels])
        else:
            self._dtype = integer_dtype(2 * samples.bound * white + white)
            self._background = np.array([floor(level + _HALF) for level in levels], self._dtype)

    def room_for(self, first: int, last: int, columns: range) -> Array:
        """Return an array with alpha."""
        return np.empty((last - first, len(columns), self._channels), self._samples.name)

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Give the rows on without alpha."""
        room = self._sink.room_for(first, first + len(rows), columns)
        white = self._samples.largest
        alpha = np.clip(rows[..., -1:].astype(self._dtype), 0, white)
        sums = rows[..., :-1].astype(self._dtype) * alpha + self._background * (white - alpha)
        if not self._samples.is_float:
            sums = (sums + white // 2) // white  # half up: there are no halves, for white is odd
        np.copyto(room, sums, casting="unsafe")
        self._sink.write_rows(first, columns, room)

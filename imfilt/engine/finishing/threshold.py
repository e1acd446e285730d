"""Small changes undone: finished samples that differ little from those that came in, on their way to a sink."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.rows import RowSink, RowSource

if TYPE_CHECKING:
    from imfilt.array_types import Array


class KeepingRows:
    """A sink that gives on samples that differ by `threshold` levels or more from the source's, and those for the rest.

    Source and sink may be one: a strip of the source is put aside before its results are written.
    """

    def __init__(self, threshold: Fraction, source: RowSource, sink: RowSink) -> None:
        self._threshold = threshold
        self._source = source
        self._sink = sink
        self._kept: Array

    def room_for(self, first: int, last: int, columns: range) -> Array:
        """Return the sink's array."""
        self._kept = self._source.read_rows(first, last, columns).copy()
        return self._sink.room_for(first, last, columns)

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Give the rows on, small changes undone."""
        change = np.maximum(rows, self._kept) - np.minimum(rows, self._kept)
        if rows.dtype.kind == "i":
            change = change.view(f"u{rows.itemsize}")  # in which the largest difference has room
        if rows.dtype.kind == "f":
            is_small = change < float(self._threshold)
        else:
            least = math.ceil(self._threshold)  # for whole differences
            is_small = change < least if least <= np.iinfo(change.dtype).max else np.ones(change.shape, np.bool_)
        np.copyto(rows, self._kept, where=is_small)
        self._sink.write_rows(first, columns, rows)

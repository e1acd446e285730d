"""Windows of samples brought together: of a whole array, or of rows on their way to a sink."""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from imfilt.engine.dtypes import integer_dtype
from imfilt.engine.recipes.pooling import Pooling
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.rows import RowSink

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from imfilt.array_types import Array

_FEW_CHANNELS = 8


def combine_windows(samples: Array, pooling: Pooling, dtype: DTypeLike) -> Array:
    """Return what a pooling makes of the windows of rows × columns × channels; sums are not divided yet.

    `dtype` holds the results, and is computed in. The windows are brought together down first, and then across.

    >>> from imfilt.engine.recipes.pooling import parse_pooling
    >>> combine_windows(np.arange(12, dtype=np.uint8).reshape(3, 4, 1), parse_pooling("sum:3x2"), np.uint16)[..., 0]
    array([[27, 39]], dtype=uint16)
    """
    combine = getattr(np, pooling.pool.combine)
    rows, columns = pooling.output(*samples.shape[:2])
    (height, width), (down, across) = pooling.window, pooling.stride
    pooled = _combine_down(samples, combine, height, down, rows, np.dtype(dtype))
    result = np.empty((rows, columns, pooled.shape[2]), pooled.dtype)
    # A few channels one at a time, for a loop over these alone costs more than its work.
    parts = range(pooled.shape[2]) if pooled.shape[2] <= _FEW_CHANNELS else [slice(None)]
    for part in parts:
        turned = pooled[..., part].swapaxes(0, 1)
        result[..., part] = _combine_down(turned, combine, width, across, columns, pooled.dtype).swapaxes(0, 1)
    return result


def _combine_down(samples: Array, combine: np.ufunc, height: int, step: int, count: int, dtype: np.dtype[Any]) -> Array:
    """Return `count` rows, each of which combines `height` rows from every `step`-th on."""

    def every(rows: Array, start: int) -> Array:
        return rows[start : start + (count - 1) * step + 1 : step]

    doublings = height.bit_length() - 1
    if height - 1 <= step * doublings + height.bit_count() - 1:
        result = every(samples, 0).astype(dtype, copy=False)
        for row in range(1, height):
            into = result if row > 1 else None
            result = combine(result, every(samples, row), out=into, dtype=dtype)
        return result
    # Windows of 1, 2, 4, … rows from every row on: those of any height are made of a few of these.
    pieces = []
    span, start = 1, 0
    while True:
        if height & span:
            pieces.append(every(samples, start))
            start += span
        if start == height:
            return reduce(partial(combine, dtype=dtype), pieces)
        samples = combine(samples[:-span], samples[span:], dtype=dtype)
        span *= 2


class PoolingRows:
    """A sink that pools the rows it takes, of samples of a type, into another sink.

    It keeps no more rows than a window has. The rows must come one after the other, all of the same columns, and the
    first row and the first column must be the first of a window.
    """

    def __init__(self, pooling: Pooling, samples: SampleType, sink: RowSink) -> None:
        self._pooling = pooling
        self._samples = samples
        self._dtype = _dtype_for(pooling, samples)
        self._sink = sink
        self._rows: Array | None = None
        self._held = 0
        """How many rows at the beginning of `_rows` wait for the rest of their windows."""
        self._next: int | None = None
        """The row of the result that comes next."""

    def room_for(self, first: int, last: int, columns: range) -> Array:
        """Return the place behind the rows that wait."""
        needed = self._held + last - first
        if self._rows is None or len(self._rows) < needed:
            channels = self._sink.room_for(0, 1, range(1)).shape[2]
            rows = np.empty((needed, len(columns), channels), self._samples.name)
            if self._rows is not None:
                rows[: self._held] = self._rows[: self._held]
            self._rows = rows
        return self._rows[self._held : needed]

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Pool the windows that are complete, and keep the rows of the others."""
        if self._rows is None or len(columns) < self._pooling.window[1]:
            return
        height, step = self._pooling.window[0], self._pooling.stride[0]
        if self._next is None:
            self._next = first // step
        begin = self._next * step - (first - self._held)
        known = self._rows[: self._held + len(rows)][begin:]
        if len(known) >= height:
            pooled = combine_windows(known, self._pooling, self._dtype)
            left = columns.start // self._pooling.stride[1]
            results = range(left, left + pooled.shape[1])
            room = self._sink.room_for(self._next, self._next + len(pooled), results)
            self._finish(pooled, room)
            self._sink.write_rows(self._next, results, room)
            self._next += len(pooled)
            known = known[len(pooled) * step :]
        self._held = len(known)
        self._rows[: self._held] = known

    def _finish(self, pooled: Array, samples: Array) -> None:
        """Write `pooled` as samples: sums are divided or clipped."""
        area, is_float = self._pooling.area, self._samples.is_float
        if self._pooling.pool.divides and is_float:
            np.divide(pooled, area, out=pooled)
        elif self._pooling.pool.divides:
            np.add(pooled, area // 2, out=pooled)
            np.floor_divide(pooled, area, out=pooled)
        elif self._pooling.pool.adds and not is_float:
            np.clip(pooled, self._samples.smallest, self._samples.largest, out=pooled)
        np.copyto(samples, pooled, casting="unsafe")


def _dtype_for(pooling: Pooling, samples: SampleType) -> str:
    """Return a dtype for what a pooling makes of finished samples, before it is divided or clipped."""
    if not pooling.pool.adds:
        return samples.name
    return (
        "float64"
        if samples.is_float
        else integer_dtype((samples.bound + 1) * pooling.area, signed=samples.smallest < 0)
    )

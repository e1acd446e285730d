"""Columns a stride apart, laid side by side.

What lies a stride apart in memory takes NumPy up to ten times as long as what lies without a gap. So the columns that
taps look at are set apart by their phase, which is their remainder by the stride, before anything is added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.buffers import make_buffer
from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage

if TYPE_CHECKING:
    from imfilt.array_types import Array

_SPLIT_COST = 0.4
"""Nanoseconds a sample that is set apart."""


def split_cost(stage: Stage, rows: int = 1) -> float:
    """Return the nanoseconds that it takes, for a sample of the result, to set the columns of so many rows apart."""
    return _SPLIT_COST * rows * stage.across.stride if stage.across.stride > 1 else 0.0


class Phases:
    """The columns of rows × columns × planes that taps look at, at some offsets and every `stride` from there on."""

    def __init__(self, numbers: Array, stride: int, offsets: Iterable[int]) -> None:
        self._numbers = numbers
        self.pitch = numbers.strides[0]
        """Bytes from one row to the next, before they are set apart."""
        self._stride = stride
        self._phases: dict[int, Array] = {}
        self.program: Program = []
        """The calls that set the columns apart."""
        if stride == 1 or numbers.dtype == ANY_INTEGER or not numbers.size:
            return
        for phase in sorted({offset % stride for offset in offsets}):
            kept = numbers[:, phase::stride]
            self._phases[phase] = make_buffer((kept.shape[0], kept.shape[1], kept.shape[2]), numbers.dtype)
            self.program.append((np.copyto, (_as_pixels(self._phases[phase]), _as_pixels(kept))))

    def at(self, offset: int, columns: int) -> Array:
        """Return so many columns from one of the offsets on, a stride apart."""
        if not self._phases:
            return self._numbers[:, offset : offset + (columns - 1) * self._stride + 1 : self._stride]
        first = offset // self._stride
        return self._phases[offset % self._stride][:, first : first + columns]


def _as_pixels(numbers: Array) -> Array:
    """Return rows × columns of pixels, each of which is copied as one."""
    return numbers.view(np.dtype((np.void, numbers.shape[2] * numbers.itemsize)))[..., 0]

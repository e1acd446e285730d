"""Tap by tap: samples under equal weights are added first and multiplied once; weights of 0 are passed over."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.plan import Stage

Array = NDArray[Any]


class Taps:
    """The sums of any kernel, one addition a tap, one multiplication a distinct weight."""

    def __init__(self, stage: Stage) -> None:
        self._down = stage.down
        self._across = stage.across
        self._groups = _group_by_weight(stage)
        self._partial: Array = np.empty((0, 0, 0))

    def __call__(self, window: Array, sums: Array) -> None:
        """Write the weighted sums over `window` into `sums`; see `Strategy`."""
        if not self._groups:
            sums[...] = 0
            return
        if self._partial.shape != sums.shape or self._partial.dtype != window.dtype:
            self._partial = np.empty(sums.shape, window.dtype)
        for number, (weight, taps) in enumerate(self._groups):
            if number == 0:
                self._add_up(window, sums.shape, taps, sums)
                _multiply(sums, weight)
            elif len(taps) == 1 and weight in (1, -1):
                combine = np.add if weight == 1 else np.subtract
                combine(sums, self._under(window, sums.shape, taps[0]), out=sums)
            else:
                self._add_up(window, sums.shape, taps, self._partial)
                _multiply(self._partial, weight)
                np.add(sums, self._partial, out=sums)

    def _add_up(self, window: Array, shape: tuple[int, ...], taps: list[tuple[int, int]], total: Array) -> None:
        first = self._under(window, shape, taps[0])
        if len(taps) == 1:
            np.copyto(total, first)
            return
        np.add(first, self._under(window, shape, taps[1]), out=total)
        for tap in taps[2:]:
            np.add(total, self._under(window, shape, tap), out=total)

    def _under(self, window: Array, shape: tuple[int, ...], tap: tuple[int, int]) -> Array:
        """Return the samples that lie under one tap, for every output."""
        y, x = tap[0] * self._down.dilation, tap[1] * self._across.dilation
        return window[
            y : y + (shape[0] - 1) * self._down.stride + 1 : self._down.stride,
            x : x + (shape[1] - 1) * self._across.stride + 1 : self._across.stride,
        ]


def _group_by_weight(stage: Stage) -> list[tuple[int | float, list[tuple[int, int]]]]:
    groups: dict[int | float, list[tuple[int, int]]] = {}
    for y, row in enumerate(stage.weights):
        for x, weight in enumerate(row):
            if weight:
                groups.setdefault(weight, []).append((y, x))
    return list(groups.items())


def _multiply(sums: Array, weight: int | float) -> None:
    if weight == -1:
        np.negative(sums, out=sums)
    elif weight != 1:
        np.multiply(sums, weight, out=sums)

"""Tap by tap: samples under equal weights are added first and multiplied once; weights of 0 are passed over."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.stage import Stage, Weights
from imfilt.engine.strategies.fit import Fit
from imfilt.engine.strategies.program import Program

Array = NDArray[Any]
Groups = list[tuple[int | float, list[tuple[int, int]]]]


def fit(stage: Stage) -> Fit:
    """Return what it takes; it can always be done."""
    total = sum(sum(map(abs, row)) for row in stage.weights)
    return Fit(Fraction(total), count_passes(stage.weights))


def count_passes(weights: Weights) -> int:
    """Return how many additions, multiplications and copies a sample the weights take."""
    groups = group_by_weight(weights)
    passes = 0
    for number, (weight, taps) in enumerate(groups):
        if number and weight in (1, -1):
            passes += len(taps)
        elif len(taps) == 1:
            passes += 1 + (number > 0)
        else:
            passes += len(taps) - 1 + (weight != 1) + (number > 0)
    return passes


def group_by_weight(weights: Weights) -> Groups:
    """Return the taps (row, column) of each weight other than 0; those of weight 1 and -1, which need no room, last."""
    groups: dict[int | float, list[tuple[int, int]]] = {}
    for y, row in enumerate(weights):
        for x, weight in enumerate(row):
            if weight:
                groups.setdefault(weight, []).append((y, x))
    return sorted(groups.items(), key=lambda group: group[0] in (1, -1))


def weighted_sum(groups: Groups, under: Callable[[tuple[int, int]], Array], sums: Array, partial: Array) -> Program:
    """Return the calls that add up the samples `under` each tap, times their weights, into `sums`.

    `partial` is an array of the same shape that the calls may use.
    """
    program: Program = []
    for number, (weight, taps) in enumerate(groups):
        samples = [under(tap) for tap in taps]
        into = partial if number else sums
        if number and weight in (1, -1):
            program += [(np.add if weight == 1 else np.subtract, (sums, each, sums)) for each in samples]
            continue
        if len(samples) == 1:
            program.append(
                (np.multiply, (samples[0], weight, into)) if weight != 1 else (np.copyto, (into, samples[0]))
            )
        else:
            program.append((np.add, (samples[0], samples[1], into)))
            program += [(np.add, (into, each, into)) for each in samples[2:]]
            if weight != 1:
                program.append((np.multiply, (into, weight, into)))
        if number:
            program.append((np.add, (sums, partial, sums)))
    return program or [(np.copyto, (sums, 0))]


class Taps:
    """The sums of any kernel, one addition a tap, one multiplication a distinct weight."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        self._down = stage.down
        self._across = stage.across
        self._groups = group_by_weight(stage.weights)
        self._dtype = dtype

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""

        def under(tap: tuple[int, int]) -> Array:
            y, x = tap[0] * self._down.dilation, tap[1] * self._across.dilation
            return window[
                y : y + (sums.shape[0] - 1) * self._down.stride + 1 : self._down.stride,
                x : x + (sums.shape[1] - 1) * self._across.stride + 1 : self._across.stride,
            ]

        return weighted_sum(self._groups, under, sums, np.empty(sums.shape, self._dtype))

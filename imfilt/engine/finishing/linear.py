"""Linear light: samples are decoded to amounts of light, filtered in floating point, and encoded again.

A level n of white W stands for the light ``curve(n / W)``. A result v becomes the level whose light is nearest as it is
encoded: the n with ``curve((n - 1/2) / W) <= v < curve((n + 1/2) / W)``. All is in float64: a result differs from the
exact one only where v lies within some 1e-15 of such a limit, and then by one level.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES, SampleType
from imfilt.errors import RecipeError

if TYPE_CHECKING:
    from imfilt.array_types import Array

Curve = Callable[["Array"], "Array"]
"""From encoded samples to light, both from 0 to 1; it nowhere falls."""

LIGHT = SAMPLE_TYPES["float64"]


def srgb(encoded: Array) -> Array:
    """Return the light of samples of sRGB (IEC 61966-2-1:1999, 5.2)."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def check_linear(recipe: Recipe, colour: str, samples: SampleType) -> None:
    """Raise `RecipeError` where samples or what is to be done with them do not go with linear light."""
    if colour not in ("L", "RGB"):
        raise RecipeError(f"linear: the picture is {colour}; convert it to RGB first")
    if samples.is_float or not samples.is_unsigned or samples.largest > 65535:
        raise RecipeError(f"linear: it is for samples of 8 and 16 bits, not {samples.name}; convert them first")
    if any(kernel.bias for kernel in recipe.kernels) or recipe.border_rule.level:
        raise RecipeError("linear: a bias or a constant border counts levels, which light has none of; leave it out")


class LinearRows:
    """Rows of samples, and of nothing beyond their channels, as light: a source of it, and a sink."""

    is_own_picture = False
    """Whether results make a picture of their own, with no other channels."""

    def __init__(self, rows: Any, channels: int, samples: SampleType, curves: Sequence[Curve]) -> None:
        self.shape = (*rows.shape[:2], channels)
        self._rows = self._sink = rows
        self._samples = samples
        levels = np.arange(samples.largest + 1) / samples.largest
        limits = (np.arange(samples.largest) + 0.5) / samples.largest
        alpha: list[Curve] = [lambda encoded: encoded] * (channels - len(curves))
        self._light = [curve(levels) for curve in (*curves, *alpha)]
        self._limits = [curve(limits) for curve in (*curves, *alpha)]

    def into(self, sink: Any) -> LinearRows:
        """Return a sink of light that becomes samples elsewhere."""
        light = copy.copy(self)
        light._sink = sink
        return light

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        """Return the light of rows ``first … last-1``."""
        rows = self._rows.read_rows(first, last, columns)
        light = np.empty((*rows.shape[:2], self.shape[2]))
        for channel, table in enumerate(self._light):
            np.take(table, rows[..., channel], out=light[..., channel])
        return light

    def room_for(self, first: int, last: int, columns: range) -> Array:
        """Return an array for light."""
        return np.empty((last - first, len(columns), self.shape[2]))

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Write light as samples; what is not a number becomes black."""
        room = self._sink.room_for(first, first + len(rows), columns)
        for channel, limits in enumerate(self._limits):
            room[..., channel] = np.searchsorted(limits, np.nan_to_num(rows[..., channel], nan=0.0), side="right")
        self._sink.write_rows(first, columns, room)

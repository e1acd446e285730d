"""Some channels of rows, or a grey of them, filtered as if they were all: rows are looked at through a view."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from imfilt.engine.recipes.channels import GREYS, LETTERS, LUMA
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.rows import RowSink, RowSource
from imfilt.errors import RecipeError
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class View(NamedTuple):
    """What is filtered of rows × columns × channels."""

    channels: int
    has_alpha: bool
    """Whether the last of these is alpha."""
    take: Callable[[Array], Array]
    """From samples to those that are filtered."""
    put: Callable[[Array, Array], object] | None
    """Puts results into the samples that they are of; None where they are a picture of their own."""
    keeps_alpha: bool = False
    """Whether alpha is looked at and no result of it is put anywhere."""


def view_of(
    channels: str | None, grey: str | None, colour: str, samples: SampleType, *, has_alpha: bool, straight: bool
) -> View | None:
    """Return the view that channels or a grey ask for, of a picture of a colour; None where all is filtered as it is.

    Raises `RecipeError` where the picture has no such channels.
    """
    if channels is None and grey is None:
        return None
    option = f"channels {channels!r}" if grey is None else f"gray {grey!r}"
    if colour not in ("L", "RGB"):
        raise RecipeError(f"{option}: the picture is {colour}; convert it to RGB first")
    count = 1 if colour == "L" else 3
    if grey is not None:
        if colour == "L":
            return None
        return View(1 + has_alpha, has_alpha, lambda rows: to_grey(rows, grey, samples, has_alpha=has_alpha), None)
    if channels == LUMA and colour == "RGB":
        looks = has_alpha and not straight

        def put(results: Array, rows: Array) -> None:
            _add_difference(results[..., :1], to_grey(rows, "rec601", samples, has_alpha=False), rows, samples)

        return View(
            1 + looks, looks, lambda rows: to_grey(rows, "rec601", samples, has_alpha=looks), put, keeps_alpha=looks
        )
    letters = str(channels)
    chosen = range(count) if letters == LUMA else [LETTERS.index(each) for each in letters if each != "a"]
    if (colour == "L" and letters != LUMA and chosen) or ("a" in letters.replace(LUMA, "") and not has_alpha):
        there = f"{'rgb'[:count] if colour == 'RGB' else 'grey'}{' and a' * has_alpha}"
        raise RecipeError(f"{option}: the picture has only {there}; give others, or luma")
    filters_alpha = letters != LUMA and "a" in letters
    looks = has_alpha and not straight and bool(chosen)
    indices = [*chosen, *([count] if looks or filters_alpha else [])]
    written = indices if filters_alpha else list(chosen)

    def put_chosen(results: Array, rows: Array) -> None:
        rows[..., written] = results[..., : len(written)]

    return View(
        len(indices), looks, lambda rows: rows[..., indices], put_chosen, keeps_alpha=looks and not filters_alpha
    )


def to_grey(rows: Array, grey: str, samples: SampleType, *, has_alpha: bool) -> Array:
    """Return the grey of rows × columns × (red, green, blue, and perhaps more), with their alpha or without."""
    weights = GREYS[grey].weights
    common = lcm(*(weight.denominator for weight in weights))
    dtype = "float64" if samples.is_float else "int64"
    total = np.zeros(rows.shape[:2], dtype)
    for channel, weight in enumerate(weights):
        total += rows[..., channel].astype(dtype) * int(weight * common)
    total = total / common if samples.is_float else (2 * total + common) // (2 * common)
    if not has_alpha:
        return total[..., np.newaxis].astype(samples.name)
    return np.dstack((total.astype(samples.name), rows[..., 3]))


def _add_difference(results: Array, grey: Array, rows: Array, samples: SampleType) -> None:
    """Add what became of grey to red, green and blue, and clip."""
    dtype = "float64" if samples.is_float else "int64"
    colours = rows[..., :3].astype(dtype) + (results.astype(dtype) - grey)
    if not samples.is_float:
        np.clip(colours, samples.smallest, samples.largest, out=colours)
    rows[..., :3] = colours


class ViewedRows:
    """Rows seen through a view: a source of what it takes, and a sink that puts results where they belong."""

    def __init__(self, view: View, samples: SampleType, rows: Any) -> None:
        self.shape = (*rows.shape[:2], view.channels)
        self._view = view
        self._samples = samples
        self._source: RowSource = rows
        self._sink: RowSink = rows

    @property
    def is_own_picture(self) -> bool:
        """Whether results make a picture of their own, with no other channels."""
        return self._view.put is None

    def into(self, sink: Any) -> ViewedRows:
        """Return a sink of results whose other channels are those of these rows."""
        viewed = copy.copy(self)
        viewed._sink = sink
        return viewed

    def read_rows(self, first: int, last: int, columns: range) -> Array:
        """Return the samples of rows ``first … last-1`` that are filtered."""
        return self._view.take(self._source.read_rows(first, last, columns))

    def room_for(self, first: int, last: int, columns: range) -> Array:
        """Return an array for results."""
        return np.empty((last - first, len(columns), self._view.channels), self._samples.name)

    def write_rows(self, first: int, columns: range, rows: Array) -> None:
        """Put results into rows that are otherwise those of the source."""
        if self._view.put is None:
            raise TypeError("these channels are results of their own; write them to a sink of their shape")
        last = first + len(rows)
        room, source = self._sink.room_for(first, last, columns), self._source.read_rows(first, last, columns)
        room[...] = source
        self._view.put(rows, room)
        self._sink.write_rows(first, columns, room)


def seen_by(
    recipe: Recipe, colour: str, samples: SampleType, rows: Any, *, has_alpha: bool
) -> tuple[Recipe, ViewedRows | None, bool]:
    """Return what is left to do of a recipe once rows are seen as it wants, these rows, and whether they have alpha.

    None for the rows where they are filtered as they are.
    """
    straight = recipe.alpha == "straight"
    view = view_of(recipe.channels, recipe.gray, colour, samples, has_alpha=has_alpha, straight=straight)
    if view is None:
        return recipe, None, has_alpha
    if view.keeps_alpha and recipe.alpha != "weighted":
        recipe = replace(recipe, alpha="keep")
    return recipe, ViewedRows(view, samples, rows), view.has_alpha

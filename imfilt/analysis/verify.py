"""Which convention turns one picture into another with a known kernel: orientation, border, rounding, alpha.

Results are exact multiples of 1 / D, D made of the divisors and the biases. So the engine rounds in ways that it has no
name for too if the bias is moved by levels and by parts of 1 / D, which move ties or whole numbers alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.arrays import filter_array
from imfilt.engine.recipes.borders import BORDERS
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SampleType
from imfilt.errors import PictureError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import to_fraction
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

UNFILTERED = "unfiltered"
"""A border that keeps its samples, as Pillow's does."""

KEPT = "colours straight, alpha kept"

NOT_ROUNDED = "not rounded"

_MIDDLE = 400

_FLOAT_TOLERANCE = 1e-5
"""How far float samples may differ, as a part of white: other tools sum in single precision."""


class _Tried(NamedTuple):
    """How exact results become whole: as the engine has it, after something was added, in levels and in 1 / D."""

    rounding: str
    """A key of `imfilt.engine.recipes.roundings.ROUNDINGS`."""
    levels: int = 0
    steps: Fraction = Fraction(0)


TRIED = {
    "half up": _Tried("half-up"),
    "half down": _Tried("half-up", steps=Fraction(-1, 4)),
    "half to even": _Tried("half-even"),
    "down": _Tried("down"),
    "up": _Tried("down", levels=1, steps=Fraction(-1)),
}


class Trial(NamedTuple):
    """A convention, and how far its picture is from the one that is there."""

    correlate: bool | None
    """None where both orientations are the same."""
    border: str
    rounding: str
    alpha: str
    differing: int
    """How many samples differ."""
    largest: float
    """By how many levels at most."""


def verify(
    before: Array, after: Array, kernels: tuple[Kernel, ...], samples: SampleType, has_alpha: bool
) -> list[Trial]:
    """Return the conventions that came nearest, the nearest first; those with `differing` 0 are what was done.

    `before` and `after` are rows × columns × channels, alpha last. Orientation, rounding and alpha are judged in the
    middle of the pictures first; only what does best there is tried with every border. Raises `PictureError` where the
    pictures cannot be compared.
    """
    size = _size(before, after, kernels)
    conventions = [
        _Convention(
            Recipe(kernels, size=size, correlate=bool(correlate), alpha=_mode(alpha)), correlate, alpha, rounding
        )
        for correlate in ((None,) if all(kernel.integer_form.is_symmetric for kernel in kernels) else (False, True))
        for alpha in (("weighted", "keep", "straight", KEPT) if has_alpha else ("",))
        for rounding in _roundings(kernels, alpha, samples)
    ]
    if size == "same":
        middle = _middle(before.shape, kernels)
        apart = [_apart_inside(each, before[middle], after[middle], samples) for each in conventions]
        conventions = [each for each, number in zip(conventions, apart, strict=True) if number == min(apart)]
    trials = [trial for each in conventions for trial in _with_borders(each, before, after, samples)]
    return sorted(trials, key=lambda trial: (trial.differing, trial.largest))


class _Convention(NamedTuple):
    recipe: Recipe
    correlate: bool | None
    alpha: str
    rounding: str


def _roundings(kernels: tuple[Kernel, ...], alpha: str, samples: SampleType) -> tuple[str, ...]:
    """Return the ways to round that make a difference."""
    if samples.is_float or (_denominator(kernels) == 1 and alpha not in ("weighted", "keep")):
        return (NOT_ROUNDED,)
    return ("half up",) if alpha in ("weighted", "keep") else tuple(TRIED)


def _middle(shape: tuple[int, ...], kernels: tuple[Kernel, ...]) -> tuple[slice, slice]:
    """Return rows and columns in the middle of a picture, enough for the kernels to lie inside in most places."""
    sides = [max(_MIDDLE, 4 * sum(kernel.size[axis] for kernel in kernels)) for axis in (0, 1)]
    starts = [max(0, (whole - side) // 2) for whole, side in zip(shape, sides, strict=False)]
    return slice(starts[0], starts[0] + sides[0]), slice(starts[1], starts[1] + sides[1])


def _apart_inside(convention: _Convention, before: Array, after: Array, samples: SampleType) -> int:
    """Return in how many samples pictures differ, those apart whose results need what lies beyond the border."""
    margins = [sum(kernel.size[axis] for kernel in convention.recipe.kernels) for axis in (0, 1)]
    inside = tuple(slice(margin, -margin) for margin in margins)
    return _difference(_result(convention, before)[inside], after[inside], samples)[0]


def _size(before: Array, after: Array, kernels: tuple[Kernel, ...]) -> str:
    extra = [sum(kernel.size[axis] - 1 for kernel in kernels) for axis in (0, 1)]
    if before.shape[2] != after.shape[2] or before.dtype != after.dtype:
        raise PictureError("it has other channels, or samples of another type, than the one before")
    for size, sign in (("same", 0), ("valid", -1), ("full", 1)):
        if all(after.shape[axis] == before.shape[axis] + sign * extra[axis] for axis in (0, 1)):
            return size
    raise PictureError(
        f"it is {after.shape[1]} x {after.shape[0]} and the one before is {before.shape[1]} x {before.shape[0]}; "
        "no kernel of this size does that"
    )


def _with_borders(convention: _Convention, before: Array, after: Array, samples: SampleType) -> Iterator[Trial]:
    recipe, correlate, alpha, rounding = convention
    for border in [name for name in BORDERS if ":" not in name]:
        result = _result(convention._replace(recipe=replace(recipe, border=border)), before)
        if recipe.size == "valid":
            yield Trial(correlate, "none (valid size)", rounding, alpha, *_difference(result, after, samples))
            return
        yield Trial(correlate, border, rounding, alpha, *_difference(result, after, samples))
        if border == "edge" and recipe.size == "same":
            kept = _with_border(result, before, recipe)
            yield Trial(correlate, UNFILTERED, rounding, alpha, *_difference(kept, after, samples))


def _mode(alpha: str) -> str:
    return "straight" if alpha == KEPT else alpha or "auto"


def _result(convention: _Convention, before: Array) -> Array:
    """Return the picture that a convention makes."""
    recipe, _, alpha, rounding = convention
    if rounding == NOT_ROUNDED:
        return _filtered(before, recipe, alpha)
    tried = TRIED[rounding]
    moved = _moved(recipe, tried.levels + tried.steps / _denominator(recipe.kernels))
    return _filtered(before, replace(moved, rounding=tried.rounding), alpha)


def _denominator(kernels: tuple[Kernel, ...]) -> int:
    divisors = [kernel.integer_form.divisor for kernel in kernels]
    return math.prod(divisors) * math.lcm(*(to_fraction(kernel.bias).denominator for kernel in kernels))


def _moved(recipe: Recipe, by: Fraction) -> Recipe:
    *others, last = recipe.kernels
    kernel = replace(last, bias=to_fraction(last.bias) + by, approximate=False)  # for floats have no 1 / D
    return replace(recipe, kernels=(*others, kernel)) if by else recipe


def _filtered(before: Array, recipe: Recipe, alpha: str) -> Array:
    result = filter_array(np.ascontiguousarray(before), recipe)
    if alpha == KEPT and result.shape == before.shape:
        result[..., -1] = before[..., -1]
    return result


def _with_border(result: Array, before: Array, recipe: Recipe) -> Array:
    """Return a result whose samples near the border are those before it."""
    kept = before.copy()
    sides = []
    for axis in (0, 1):
        near = [(recipe.anchor_of(kernel)[axis], kernel.size[axis]) for kernel in recipe.kernels]
        first, last = sum(anchor for anchor, _ in near), sum(side - 1 - anchor for anchor, side in near)
        sides.append(slice(first, max(first, before.shape[axis] - last)))
    kept[tuple(sides)] = result[tuple(sides)]
    return kept


def _difference(result: Array, after: Array, samples: SampleType) -> tuple[int, float]:
    """Return how many samples differ, and by how much at most."""
    if result.size == 0:
        return 0, 0.0
    if samples.is_float:
        apart = np.abs(result.astype(np.float64) - after)
        apart[apart <= _FLOAT_TOLERANCE * samples.largest] = 0
    else:
        apart = np.where(result > after, result - after, after - result)
    return int(np.count_nonzero(apart)), float(apart.max())

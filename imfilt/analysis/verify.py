"""Which convention turns one picture into another with a known kernel: orientation, border, rounding, alpha.

Results are exact multiples of 1 / D, D made of the divisors and the biases. So the engine, which rounds half up, rounds
in every other way too if the bias is moved by halves and by parts of 1 / D, which move ties or whole numbers alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imfilt.engine.arrays import filter_array
from imfilt.engine.borders import BORDERS
from imfilt.engine.recipe import Recipe
from imfilt.engine.samples import SampleType
from imfilt.errors import PictureError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import to_fraction

Array = NDArray[Any]

UNFILTERED = "unfiltered"
"""A border that keeps its samples, as Pillow's does."""

KEPT = "colours straight, alpha kept"

_FLOAT_TOLERANCE = 1e-5
"""How far float samples may differ, as a part of white: other tools sum in single precision."""


class Rounding(NamedTuple):
    """How exact results become whole: by a move of the bias before they are rounded half up, in halves and in 1 / D."""

    meaning: str
    halves: Fraction
    steps: Fraction


ROUNDINGS = {
    "half up": Rounding("to the nearest level, ties to the upper one", Fraction(0), Fraction(0)),
    "half down": Rounding("to the nearest level, ties to the lower one", Fraction(0), Fraction(-1, 4)),
    "down": Rounding("to the level below", Fraction(-1), Fraction(0)),
    "up": Rounding("to the level above", Fraction(1), Fraction(-1)),
}
HALF_TO_EVEN = "half to even"


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
    """Return all conventions that were tried, the nearest first; those with `differing` 0 are what was done.

    `before` and `after` are rows × columns × channels, alpha last. Raises `PictureError` where they cannot be compared.
    """
    size = _size(before, after, kernels)
    trials = [
        trial
        for correlate in ((None,) if all(map(_is_symmetric, kernels)) else (False, True))
        for alpha in (("weighted", "keep", "straight", KEPT) if has_alpha else ("",))
        for trial in _borders(before, after, Recipe(kernels, size=size), correlate, alpha, samples)
    ]
    return sorted(trials, key=lambda trial: (trial.differing, trial.largest))


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


def _is_symmetric(kernel: Kernel) -> bool:
    weights = kernel.integer_form.weights
    return weights == tuple(row[::-1] for row in reversed(weights))


def _borders(
    before: Array, after: Array, recipe: Recipe, correlate: bool | None, alpha: str, samples: SampleType
) -> Iterator[Trial]:
    """Yield a trial for each rounding and border; with further borders, only the roundings that fit best inside."""
    recipe = replace(recipe, correlate=bool(correlate), alpha=_mode(alpha))
    margin = [sum(kernel.size[axis] for kernel in recipe.kernels) for axis in (0, 1)]
    inside = tuple(slice(side, -side) for side in margin)
    hopeful: set[str] | None = None
    apart: dict[str, int] = {}
    for border in [name for name in BORDERS if ":" not in name] if recipe.size != "valid" else ["edge"]:
        named = border if recipe.size != "valid" else "none: valid size"
        for rounding, result in _rounded(before, replace(recipe, border=border), alpha, samples):
            if hopeful is not None and rounding not in hopeful:
                continue
            yield Trial(correlate, named, rounding, alpha, *_difference(result, after, samples))
            apart[rounding] = _difference(result[inside], after[inside], samples)[0]
            if border == "edge" and recipe.size == "same":
                kept = _with_border(result, before, recipe)
                yield Trial(correlate, UNFILTERED, rounding, alpha, *_difference(kept, after, samples))
        if hopeful is None:
            hopeful = {rounding for rounding, number in apart.items() if number == min(apart.values())}


def _mode(alpha: str) -> str:
    return "straight" if alpha == KEPT else alpha or "auto"


def _rounded(before: Array, recipe: Recipe, alpha: str, samples: SampleType) -> Iterator[tuple[str, Array]]:
    """Yield the picture that each way to round makes."""
    if samples.is_float:
        yield "not rounded", _filtered(before, recipe, alpha)
        return
    moved = ROUNDINGS if alpha in ("", "straight", KEPT) else {"half up": ROUNDINGS["half up"]}
    step = Fraction(1, _denominator(recipe.kernels))
    results = {
        name: _filtered(before, _moved(recipe, entry.halves / 2 + entry.steps * step), alpha)
        for name, entry in moved.items()
    }
    if "half down" in results:
        up, down = results["half up"], results["half down"]
        results[HALF_TO_EVEN] = np.where((up % 2 == 0) | (up == down), up, down)
    yield from results.items()


def _denominator(kernels: tuple[Kernel, ...]) -> int:
    divisors = [kernel.integer_form.divisor for kernel in kernels]
    return math.prod(divisors) * math.lcm(*(to_fraction(kernel.bias).denominator for kernel in kernels))


def _moved(recipe: Recipe, by: Fraction) -> Recipe:
    *others, last = recipe.kernels
    bias = to_fraction(last.bias) + by
    kernel = Kernel(last.weights, divisor=last.divisor, bias=bias, anchor=last.anchor, name=last.name)
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

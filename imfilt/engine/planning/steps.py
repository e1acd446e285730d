"""From kernels to steps: the weights as they lie over the picture, and the passes that alpha asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from imfilt.engine.recipes.pairs import Pair
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.strategies.stage import Weights
from imfilt.errors import RecipeError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.numbers import to_fraction
from imfilt.quick import NamedTuple


class Step(NamedTuple):
    """A kernel as one pass uses it: its result is ``sums / divisor + bias``."""

    name: str
    weights: Weights
    """As they lie over the picture: rotated by 180 degrees for a convolution."""
    divisor: int
    bias: Fraction
    anchor: Pair
    is_edge: bool = False
    """Whether weights, in this step or another of the recipe, make a flat picture exactly 0, even in floats."""

    @property
    def is_whole(self) -> bool:
        """Whether the weights are whole numbers."""
        return isinstance(self.weights[0][0], int)


def make_steps(recipe: Recipe, *, in_floats: bool) -> list[Step]:
    """Return the kernels of `recipe` as steps, in exact whole numbers or in floats over 1."""
    # What approximate weights leave of a flat picture is rounded away, unless it is stretched first.
    is_edge = any(
        (kernel.is_exact or kernel.is_short or (kernel.approximate and recipe.normalisation.measures))
        and kernel.sum == 0
        for kernel in recipe.kernels
    )
    return [_step(kernel, recipe, in_floats)._replace(is_edge=is_edge) for kernel in recipe.kernels]


def make_passes(recipe: Recipe, *, is_weighted: bool, in_floats: bool) -> list[tuple[str, list[Step]]]:
    """Return planes, and the steps over them, for each part of `recipe`: one pass; or three for weighted colour."""
    rows = [make_steps(part, in_floats=in_floats) for part in recipe.parts]
    if len(rows) > 1:
        rows = [[step] for step in _over_one_divisor([row[0] for row in rows])]
    if not is_weighted:
        return [("all", row) for row in rows]
    return [one_pass for row in rows for one_pass in _make_weighted_passes(row, recipe.alpha_mode)]


def _make_weighted_passes(steps: list[Step], alpha_mode: str) -> list[tuple[str, list[Step]]]:
    """Return the passes for colour weighted by alpha; `total_bias` is still to be added."""
    steps = [step._replace(bias=Fraction(0)) for step in steps]
    alpha = [_anchor_tap(step) if alpha_mode == "keep" else _to_unit_sum(step) for step in steps]
    return [("premultiplied", steps), ("alpha", alpha), ("colour", steps)]


def _over_one_divisor(steps: list[Step]) -> list[Step]:
    """Return steps whose sums can be compared: over one divisor, in which every bias is a whole number."""
    if not all(step.is_whole for step in steps):
        return steps  # floats, whose divisor is 1
    divisor = math.lcm(*(math.lcm(step.divisor, step.bias.denominator) for step in steps))
    return [
        step._replace(
            weights=tuple(tuple(int(weight) * (divisor // step.divisor) for weight in row) for row in step.weights),
            divisor=divisor,
        )
        for step in steps
    ]


def total_bias(kernels: Sequence[Kernel]) -> Fraction:
    """Return what the biases of kernels in a row add up to: each goes through the kernels after it."""
    total = Fraction(0)
    for kernel in kernels:
        total = (total * kernel.sum if total else total) + to_fraction(kernel.bias)
    return total


def _step(kernel: Kernel, recipe: Recipe, in_floats: bool) -> Step:
    weights: Weights
    if in_floats:
        weights, divisor = _float_weights(kernel), 1
    else:
        weights, divisor = kernel.integer_form.weights, kernel.integer_form.divisor
    if not recipe.correlate:
        weights = half_turn(weights)
    return Step(kernel.name, weights, divisor, to_fraction(kernel.bias), recipe.anchor_of(kernel))


def _float_weights(kernel: Kernel) -> tuple[tuple[float, ...], ...]:
    divisor = to_fraction(kernel.divisor)
    if divisor == 1:
        return tuple(tuple(map(float, row)) for row in kernel.weights)
    if not kernel.has_fractions:  # a whole number over another is rounded once, and faster than a fraction
        return tuple(map(tuple, kernel.integer_form.floats()))
    return tuple(tuple(float(to_fraction(weight) / divisor) for weight in row) for row in kernel.weights)


def _anchor_tap(step: Step) -> Step:
    """Return the step that takes each sample as it is: one tap, at the anchor."""
    one = 1 if step.is_whole else 1.0
    cells = range(len(step.weights)), range(len(step.weights[0]))
    weights = tuple(tuple(one * ((y, x) == step.anchor) for x in cells[1]) for y in cells[0])
    return step._replace(weights=weights, divisor=1)


def _to_unit_sum(step: Step) -> Step:
    """Return the step with weights that sum to 1, so that what is opaque stays opaque."""
    total: int | float = sum(map(sum, step.weights))
    if total == 0:
        raise RecipeError(
            f"kernel {step.name!r} sums to 0 and cannot filter alpha; choose --alpha keep or --alpha straight"
        )
    if isinstance(total, float):
        return step._replace(weights=tuple(tuple(weight / total for weight in row) for row in step.weights))
    sign = 1 if total > 0 else -1
    weights = tuple(tuple(weight * sign for weight in row) for row in step.weights)
    return step._replace(weights=weights, divisor=abs(total))

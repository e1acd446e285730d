"""The chains of a plan: each kernel in a row becomes a stage, in numbers whose range is proved to be enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from imfilt.engine.dtypes import ANY_INTEGER, integer_dtype
from imfilt.engine.planning.choosing import choose_strategy
from imfilt.engine.planning.plan import Chain, Shape
from imfilt.engine.planning.planes import PLANES
from imfilt.engine.planning.steps import Step, make_passes
from imfilt.engine.recipes.geometry import Axis, lay_axis
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.fit import Fit
from imfilt.engine.strategies.separable import factorise
from imfilt.engine.strategies.stage import Stage
from imfilt.errors import RecipeError

TOO_LARGE = "the weights are too large for floating point; make them smaller, or whole numbers over whole samples"
_LARGEST_FLOAT = 10**300
_LARGEST_WINDOW = 1 << 28  # samples of one plane
LEAST_REACHES = 2
"""A panel of columns is at least so many times as wide as what a kernel reaches beyond it."""
_LARGEST_FLOAT32_SUM = 1024
_MOST_FLOAT32_PASSES = 512
_SIGNED_16_BITS = 1 << 15


def make_chains(
    recipe: Recipe, samples: SampleType, shape: Shape, weighted: bool, strategy: str | None, *, unrounded: bool
) -> tuple[Chain, ...]:
    """Return chains of whole numbers where the answer must be exact, or where short decimals fit into 64 bits."""

    def chains(in_floats: bool) -> tuple[Chain, ...]:
        return tuple(
            _make_chain(planes, steps, recipe, samples, shape, strategy, unrounded=unrounded)
            for planes, steps in make_passes(recipe, is_weighted=weighted, in_floats=in_floats)
        )

    kernels = [kernel for part in recipe.parts for kernel in part.kernels]
    if (
        samples.is_float
        or samples.at_depth(recipe.depth).is_float
        or not all(kernel.is_exact or kernel.is_short for kernel in kernels)
    ):
        return chains(in_floats=True)
    whole = chains(in_floats=False)
    if all(kernel.is_exact for kernel in kernels):
        return whole
    largest = max(chain.bound for chain in whole)
    if recipe.combination is not None and recipe.combination.is_root:
        largest = len(kernels) * largest**2
    return chains(in_floats=True) if integer_dtype(largest) == ANY_INTEGER else whole


def _make_chain(
    planes: str,
    steps: list[Step],
    recipe: Recipe,
    samples: SampleType,
    shape: Shape,
    strategy: str | None,
    *,
    unrounded: bool,
) -> Chain:
    level = PLANES[planes].outside(recipe.border_rule, samples.largest)
    whole = steps[0].is_whole
    to_working = int if whole else float
    scale = denominator = level.denominator if whole else 1
    bound = max(Fraction(PLANES[planes].bound(samples.bound)), abs(level)) * scale
    signed = level < 0 or not samples.is_unsigned
    length, width = shape[0], shape[1]
    stages, fits = [], []
    late, negated = 0, False
    if whole and planes == "all" and scale == len(steps) == 1 and not unrounded and _may_be_late(recipe, samples):
        late, negated, steps = _set_apart(steps[0])
    for step in steps:
        down, across = _lay(step, recipe, (length, width), is_last=step is steps[-1])
        outside = level * denominator
        if whole:
            step = _with_whole_bias(step, denominator)
        denominator *= step.divisor
        offset = step.bias * denominator
        bound = max(bound, abs(outside))
        signed = signed or offset < 0 or any(weight < 0 for row in step.weights for weight in row)
        stage = Stage(
            step.name,
            step.weights,
            down,
            across,
            outside=to_working(outside),
            offset=to_working(offset),
            largest_input=bound,
            is_edge=step.is_edge,
            is_unbounded=samples.is_float,
            is_last=step is steps[-1],
            planes=max(PLANES[planes].count(shape[2]), 1),
        )
        name, fit = choose_strategy(stage, signed, strategy)
        signed = signed or fit.signed
        bound = max(bound, fit.weight * bound + abs(offset))
        stages.append(stage._replace(strategy=name, held=fit.held, tile_bytes=fit.tile_bytes))
        fits.append(fit)
        length, width = down.output, across.output
    if not whole and bound > _LARGEST_FLOAT:
        raise RecipeError(TOO_LARGE)
    has_sign = signed
    if late:
        result = abs(late) * max(Fraction(samples.bound), abs(level)) + bound / denominator + samples.largest + 1
        bound = max(bound, result)
        has_sign = signed or result >= _SIGNED_16_BITS
    is_short = planes == "all" and not unrounded and _may_be_short(recipe, samples, fits, bound)
    floats = "float32" if is_short else "float64"
    dtype = integer_dtype(bound, signed=has_sign) if whole else floats
    stages = [stage._replace(window_dtype=dtype) for stage in stages]
    if STRATEGIES[stages[0].strategy].takes_samples and _are_held_by(samples, planes, scale, stages[0].outside):
        stages[0] = stages[0]._replace(window_dtype=samples.name)
    strip = max((fit.strip for fit in fits if fit.strip), default=None)
    columns = fits[-1].columns or 1
    return Chain(planes, tuple(stages), scale, denominator, bound, signed, dtype, strip, columns, late, negated)


def _are_held_by(samples: SampleType, planes: str, scale: int, outside: int | float) -> bool:
    """Return whether the numbers that come in are samples as they are, those beyond the border as well."""
    is_level = 0 <= outside <= samples.largest and outside == int(outside)
    return PLANES[planes].are_samples and scale == 1 and is_level and not samples.is_float


def _set_apart(step: Step) -> tuple[int, bool, list[Step]]:
    """Return how often the sample in the middle is added after the division, and the step without it.

    unsharp5 is ``2 · sample - gaussian5``: the sums of gaussian5 fit into 16 bits, those of unsharp5 do not. What
    remains is negated where that spares it the sign.
    """
    factors = factorise(step.weights)  # type: ignore[arg-type]
    late, remainder = divmod(factors.extra, step.divisor) if factors else (0, 0)
    if step.divisor == 1 or not late or remainder or step.bias:
        return 0, False, [step]
    y, x = len(step.weights) // 2, len(step.weights[0]) // 2
    weights = [list(row) for row in step.weights]
    weights[y][x] -= late * step.divisor
    negated = all(weight <= 0 for row in weights for weight in row)
    sign = -1 if negated else 1
    return late, negated, [step._replace(weights=tuple(tuple(int(sign * w) for w in row) for row in weights))]


def _may_be_late(recipe: Recipe, samples: SampleType) -> bool:
    """Return whether a sample may be added to what a kernel makes once that is rounded."""
    is_plain = recipe.combination is None and recipe.rounding == "half-up" and recipe.normalisation.only_adds
    return is_plain and samples.at_depth(recipe.depth) == samples


def _may_be_short(recipe: Recipe, samples: SampleType, fits: Sequence[Fit], bound: Fraction) -> bool:
    """Return whether float32 keeps the contract: one kernel over 8 bits, few roundings, no large sums."""
    few = len(fits) == 1 and fits[0].passes <= _MOST_FLOAT32_PASSES and bound <= _LARGEST_FLOAT32_SUM
    is_stretched = recipe.normalisation.measures
    return few and not is_stretched and samples.name == samples.at_depth(recipe.depth).name == "uint8"


def _lay(step: Step, recipe: Recipe, size: tuple[int, int], *, is_last: bool) -> tuple[Axis, Axis]:
    taps = len(step.weights), len(step.weights[0])
    stride = recipe.stride if is_last else (1, 1)
    down, across = (
        lay_axis(
            size[i], taps[i], anchor=step.anchor[i], stride=stride[i], dilation=recipe.dilation[i], size=recipe.size
        )
        for i in range(2)
    )
    columns = size[1] if recipe.border_rule.is_far else min(size[1], LEAST_REACHES * across.reach)
    if (down.reach + 1) * (across.reach + columns) > _LARGEST_WINDOW:
        raise RecipeError(
            f"kernel {step.name!r} spans {down.reach + 1} x {across.reach + 1} samples, more than can be held; use a "
            "smaller kernel or a smaller dilation"
        )
    if not (down.output and across.output):
        raise RecipeError(
            f"kernel {step.name!r} spans {down.reach + 1} x {across.reach + 1} samples, more than the {size[0]} x "
            f"{size[1]} there are, so size 'valid' leaves nothing; use 'same'"
        )
    return down, across


def _with_whole_bias(step: Step, denominator: int) -> Step:
    """Return the step over a divisor in which its bias is a whole number."""
    divisor = denominator * step.divisor
    factor = step.bias.denominator // math.gcd(step.bias.denominator, divisor)
    if factor == 1:
        return step
    weights = tuple(tuple(int(weight) * factor for weight in row) for row in step.weights)
    return step._replace(weights=weights, divisor=step.divisor * factor)

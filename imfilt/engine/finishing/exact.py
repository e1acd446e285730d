"""Exact results: from the numerators of its chains to one numerator over one denominator a sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.dtypes import ANY_INTEGER, integer_dtype
from imfilt.engine.finishing.combined import combine
from imfilt.engine.planning.plan import Chain, Plan
from imfilt.engine.strategies import STRATEGIES

if TYPE_CHECKING:
    from imfilt.array_types import Array

_LEAST_ALPHA = 2.0**-32
"""Of the largest sum of alpha, where less may be what floats are off by, and no more can be told from nothing."""


def exact_results(plan: Plan, numbers: Sequence[Array]) -> tuple[Array, Array, Fraction]:
    """Return the results of a part of a strip as numerators over denominators, and what neither is further from 0 than.

    Of roots in whole numbers they are the squares of the numerators, over denominators that are not squared.
    """
    combination = plan.recipe.combination
    if plan.is_weighted:
        over = math.lcm(*(bias.denominator for bias in plan.biases))
        ratios = [
            _weighted_ratio(plan, plan.chains[first : first + 3], numbers[first : first + 3], bias, over)
            for first, bias in zip(range(0, len(plan.chains), 3), plan.biases, strict=True)
        ]
        results, denominators, bound = [ratio[0] for ratio in ratios], ratios[0][1], max(ratio[2] for ratio in ratios)
    else:
        results, denominators = list(numbers), np.asarray(plan.chains[0].denominator)
        bound = max(chain.bound for chain in plan.chains)
    if combination is None:
        return results[0], denominators, bound
    combined, bound = combine(results, combination, bound)
    return combined, denominators, bound


def has_squares(plan: Plan) -> bool:
    """Whether the results are whole numbers of which the roots are to be taken."""
    combination = plan.recipe.combination
    return combination is not None and combination.is_root and not plan.is_float


def _weighted_ratio(
    plan: Plan, chains: Sequence[Chain], numbers: Sequence[Array], bias: Fraction, over: int
) -> tuple[Array, Array, Fraction]:
    """Return the colours as numerators over denominators (above 0), and what neither is further from 0 than.

    A colour is its premultiplied result over the result of alpha, and the bias, a whole number over `over`. Where
    nothing can be seen (an alpha of 0 or less), there is none to divide by: there the colour is the plain result, so
    that what lies hidden is filtered as well.
    """
    premultiplied, alpha, colour = chains
    if plan.is_float:
        spreads = any(STRATEGIES[stage.strategy].spreads_errors for stage in alpha.stages)
        visible = numbers[1] > (float(alpha.bound) * _LEAST_ALPHA if spreads else 0)
        ratio = np.divide(numbers[0], numbers[1], out=numbers[2], where=visible)
        return ratio + float(bias), np.ones_like(ratio), Fraction(0)
    common = math.gcd(premultiplied.denominator, alpha.denominator)
    above, below = alpha.denominator // common, premultiplied.denominator // common
    bound = max(premultiplied.bound * above, alpha.bound * below, colour.bound, Fraction(colour.denominator))
    addend = int(bias * over)
    bound *= over + abs(addend)
    wide, under, plain = (widened(each, bound) for each in numbers)
    numerators, denominators = wide * above, under * below
    visible = under > 0
    if not visible.all():
        numerators = np.where(visible, numerators, plain)
        denominators = np.where(visible, denominators, colour.denominator)
    if addend or over != 1:
        numerators = numerators * over + denominators * addend
        denominators = denominators * over
    return numerators, np.broadcast_to(denominators, numerators.shape), bound


def widened(numbers: Array, bound: Fraction, *, signed: bool = True) -> Array:
    """Return `numbers` in a dtype that holds `bound` as well, and what is below 0 if `signed`."""
    dtype = np.dtype(integer_dtype(bound, signed=signed or numbers.dtype.kind != "u"))
    if dtype == ANY_INTEGER or dtype.itemsize > numbers.dtype.itemsize:
        return numbers.astype(dtype, copy=False)
    return numbers

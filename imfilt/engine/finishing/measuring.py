"""The extremes of exact results, which some normalisations go by."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.finishing.combined import square_extremes
from imfilt.engine.finishing.exact import exact_results, has_squares
from imfilt.engine.planning.plan import Plan
from imfilt.engine.recipes.normalisations import Extremes

if TYPE_CHECKING:
    from imfilt.array_types import Array

_NOISE = Fraction(1, 1 << 40)
"""Of the largest sum: more than float64 is off by, and far less than anybody could see."""


def measure(plan: Plan, parts: Iterable[list[Array]]) -> Extremes | None:
    """Return the extremes of the exact results over the numerators of all parts; None where no result is finite."""
    return join([_measure_part(plan, numbers) for numbers in parts])


def join(measured: Iterable[Extremes | None]) -> Extremes | None:
    """Return the extremes over several bands, or several pictures."""
    found = [extremes for extremes in measured if extremes is not None]
    return Extremes(min(e.low for e in found), max(e.high for e in found)) if found else None


def without_noise(plan: Plan, extremes: Extremes) -> Extremes:
    """Return extremes without what rounding leaves of a flat picture, which would be stretched to the full range."""
    if not plan.is_float or plan.samples.is_float:  # whose largest sums nobody knows
        return extremes
    noise = max(chain.bound for chain in plan.chains) * _NOISE
    low, high = (Fraction(0) if abs(extreme) <= noise else extreme for extreme in extremes)
    return Extremes(low, low if high - low <= noise else high)


def _measure_part(plan: Plan, numbers: list[Array]) -> Extremes | None:
    numerators, denominators, _ = exact_results(plan, numbers)
    if plan.unused:
        numerators = numerators[..., : -plan.unused]
    if plan.recipe.normalisation.magnitude:
        numerators = np.absolute(numerators)
    if plan.is_float:
        numerators = numerators[np.isfinite(numerators)]
    if not numerators.size:
        return None
    if has_squares(plan):
        return square_extremes(numerators, denominators)
    values = numerators / denominators if plan.is_weighted and not plan.is_float else numerators
    return Extremes(*(_exact_at(numerators, denominators, pick(values)) for pick in (np.argmin, np.argmax)))


def _exact_at(numerators: Array, denominators: Array, position: np.intp) -> Fraction:
    numerator = numerators.flat[position]
    denominator = denominators.flat[position] if denominators.ndim else denominators[()]
    return (
        Fraction(float(numerator)) / Fraction(int(denominator))
        if isinstance(numerator, float | np.floating)
        else Fraction(int(numerator), int(denominator))
    )

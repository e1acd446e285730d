"""Which strategy a stage is done with: the one that costs least, of those that can do it."""

from __future__ import annotations

import math
from fractions import Fraction

from imfilt.engine.dtypes import integer_dtype
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.stage import Stage
from imfilt.errors import RecipeError


def choose_strategy(stage: Stage, signed: bool, forced: str | None) -> tuple[str, Fit]:
    """Return the strategy that costs least in the dtype that it needs; or the one that is forced, if it can be done."""
    if forced is not None:
        fit = STRATEGIES[forced].fit(stage)
        if isinstance(fit, Unfit):
            raise RecipeError(f"strategy {forced!r} cannot do kernel {stage.name!r}: {fit.why}")
        return forced, fit
    fits: dict[str, Fit] = {}
    costs: dict[str, float] = {}
    for name, entry in STRATEGIES.items():
        if entry.least < min(costs.values(), default=math.inf) and isinstance(fit := entry.fit(stage), Fit):
            fits[name], costs[name] = fit, _cost(fit, stage, signed=signed)
    cheapest = min(costs, key=costs.__getitem__)
    return cheapest, fits[cheapest]


def estimate(strategy: str, stage: Stage, *, signed: bool, dtype: str) -> str:
    """Return what a strategy would take for a stage, or why it cannot be done."""
    fit = STRATEGIES[strategy].fit(stage)
    if isinstance(fit, Unfit):
        return f"no, {fit.why}"
    passes = f"{fit.passes:g} passes, " if fit.passes else ""
    return f"{passes}about {_cost(fit, stage, signed=signed, float_dtype=dtype):.2f} ns a sample"


def _cost(fit: Fit, stage: Stage, *, signed: bool, float_dtype: str = "float32") -> float:
    """Return the estimated nanoseconds a sample of a strategy for a stage, in the narrowest dtype that will do."""
    if not stage.is_whole:
        return fit.cost(float_dtype)
    sums = fit.weight * stage.largest_input + abs(Fraction(stage.offset))
    return fit.cost(integer_dtype(sums, signed=signed or fit.signed))

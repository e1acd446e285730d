"""One output sample, step by step, in exact fractions: what the engine does to it, told slowly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.planning.plan import Plan
from imfilt.engine.planning.planes import PLANES
from imfilt.engine.planning.steps import Step, make_passes, total_bias
from imfilt.engine.recipes.normalisations import Extremes
from imfilt.engine.recipes.roundings import ROUNDINGS
from imfilt.errors import RecipeError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.numbers import Number, to_fraction
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

_COLOURS, _ALPHA, _PLAIN = range(3)
"""The places of the passes for colour weighted by alpha, as `make_passes` gives them."""


class Account(NamedTuple):
    """How one sample of one channel came about; all numbers are exact."""

    planes: str
    """What the kernel was laid over: a key of `PLANES`."""
    window: tuple[tuple[Fraction, ...], ...]
    """The numbers under the weights of the last kernel: samples, or what the kernels before it made of them."""
    beyond: tuple[tuple[bool, ...], ...]
    """Which of them lie beyond the border."""
    weights: tuple[tuple[Number, ...], ...]
    """As they lie over the window: rotated by 180 degrees for a convolution."""
    sum: Fraction
    """Of the products of weights and window."""
    divisor: Fraction
    """That of the kernel; times the filtered alpha for a colour that is weighted by it."""
    bias: Fraction
    exact: Fraction
    """``sum / divisor + bias``."""
    normalised: Fraction
    """The same as the normalisation has it, before it is rounded."""
    output: int | float
    """Rounded as the recipe says, and clipped; of a float picture neither."""
    clipped: bool

    @property
    def products(self) -> list[list[Fraction]]:
        """Weight times number, cell by cell."""
        return [
            [to_fraction(weight) * number for weight, number in zip(*rows, strict=True)]
            for rows in zip(self.weights, self.window, strict=True)
        ]


def account_for(plan: Plan, samples: Array, position: tuple[int, int], extremes: Extremes | None) -> list[Account]:
    """Return how the output sample at `position` (row, column) came about, channel by channel.

    Parameters
    ----------
    plan : Plan
        Of one kernel or several in a row; without a pool.
    samples : array
        The picture, rows × columns × channels.
    extremes : Extremes, optional
        What `measure_rows` gives, where the normalisation looks at the whole picture.

    Raises
    ------
    RecipeError
        For a position outside the result, and for NaN or infinity in the window, which have no exact sum.
    """
    if not all(0 <= at < length for at, length in zip(position, plan.output_shape, strict=False)):
        rows, columns = plan.output_shape[:2]
        raise RecipeError(
            f"there is no sample at column {position[1]}, row {position[0]}; the result has columns 0 to {columns - 1} "
            f"and rows 0 to {rows - 1}"
        )
    return _Accountant(plan, samples, position, extremes).accounts()


def written_divisor(kernel: Kernel) -> Fraction:
    """Return the divisor that an account shows: 1 for approximate weights, which are shown as decimals."""
    return Fraction(1) if kernel.approximate else to_fraction(kernel.divisor)


class _Accountant:
    def __init__(self, plan: Plan, samples: Array, position: tuple[int, int], extremes: Extremes | None) -> None:
        self._plan = plan
        self._samples = samples
        self._position = position
        self._scaling = plan.scaling(extremes)
        self._passes = make_passes(plan.recipe, is_weighted=plan.is_weighted, in_floats=False)

    def accounts(self) -> list[Account]:
        channels = range(self._plan.shape[2])
        if not self._plan.is_weighted:
            bias = to_fraction(self._plan.recipe.kernels[-1].bias)
            return [self._account(0, channel, Fraction(1), bias) for channel in channels]
        alpha = self._account(_ALPHA, 0, Fraction(1), Fraction(0))
        bias = total_bias(self._plan.recipe.kernels)
        is_seen = alpha.exact > 0  # what cannot be seen has a colour all the same
        over, chain = (alpha.exact, _COLOURS) if is_seen else (Fraction(1), _PLAIN)
        return [*(self._account(chain, channel, over, bias) for channel in channels[:-1]), alpha]

    def _account(self, number: int, plane: int, over: Fraction, bias: Fraction) -> Account:
        planes, steps = self._passes[number]
        last = len(steps) - 1
        stage = self._plan.chains[number].stages[last]
        rows, columns = (
            [at * axis.stride - axis.before + i * axis.dilation for i in range(axis.taps)]
            for at, axis in zip(self._position, (stage.down, stage.across), strict=True)
        )
        window = [[Fraction(each) for each in row] for row in self._beneath(number, last, rows, columns)[..., plane]]
        beyond = [[not (0 <= y < stage.down.length and 0 <= x < stage.across.length) for x in columns] for y in rows]
        weights, divisor = self._weights(planes, steps[last])
        total = sum(
            (to_fraction(w) * p for ws, ps in zip(weights, window, strict=True) for w, p in zip(ws, ps, strict=True)),
            Fraction(0),
        )
        exact = total / (divisor * over) + bias
        normalised, output, clipped = self._finish(exact, is_alpha=planes == "alpha")
        return Account(
            planes,
            tuple(map(tuple, window)),
            tuple(map(tuple, beyond)),
            tuple(map(tuple, weights)),
            total,
            divisor * over,
            bias,
            exact,
            normalised,
            output,
            clipped,
        )

    def _weights(self, planes: str, step: Step) -> tuple[Sequence[Sequence[Number]], Fraction]:
        """Return the weights as they lie over the picture, as a person wrote them, and their divisor."""
        kernel = self._plan.recipe.kernels[-1]
        weights: Sequence[Sequence[Number]] = kernel.weights
        divisor = to_fraction(kernel.divisor)
        if planes == "alpha":
            weights, divisor = step.weights, Fraction(step.divisor)
        elif not self._plan.recipe.correlate:
            weights = half_turn(weights)
        if kernel.approximate:  # whole numbers over a large power of two, which nobody wrote
            return [[to_fraction(weight) / divisor for weight in row] for row in weights], Fraction(1)
        return weights, divisor

    def _beneath(self, number: int, place: int, rows: Sequence[int], columns: Sequence[int]) -> Array:
        """Return the numbers that a stage finds at `rows` and `columns`, in the picture and beyond it."""
        stage = self._plan.chains[number].stages[place]
        rule = self._plan.recipe.border_rule
        down, across = (
            [rule.border.source(at, axis.length) for at in positions]
            for positions, axis in ((rows, stage.down), (columns, stage.across))
        )
        inside = sorted({y for y in down if y is not None}), sorted({x for x in across if x is not None})
        found = self._results(number, place - 1, *inside) if place else self._numbers(number, *inside)
        planes = PLANES[self._passes[number][0]]
        beneath = np.empty((len(rows), len(columns), found.shape[2]), ANY_INTEGER)
        beneath[...] = planes.outside(rule, self._plan.samples.largest)
        known_rows, known_columns = ([i for i, at in enumerate(each) if at is not None] for each in (down, across))
        if known_rows and known_columns:
            from_rows, from_columns = (_places(each, all_) for each, all_ in zip((down, across), inside, strict=True))
            beneath[np.ix_(known_rows, known_columns)] = found[np.ix_(from_rows, from_columns)]
        return beneath

    def _numbers(self, number: int, rows: Sequence[int], columns: Sequence[int]) -> Array:
        """Return the numbers that the first stage of a chain is laid over, as Python's own."""
        planes = PLANES[self._passes[number][0]]
        samples = self._samples[np.ix_(rows, columns)]
        if samples.dtype.kind == "f":
            if not np.isfinite(samples).all():
                raise RecipeError(
                    "there is NaN or infinity under the kernel, and so no exact sum; choose another place"
                )
            samples = np.vectorize(Fraction, otypes=[ANY_INTEGER])(samples.astype(float)) if samples.size else samples
        numbers = np.empty((len(rows), len(columns), planes.count(self._plan.shape[2])), ANY_INTEGER)
        planes.fill(samples.astype(ANY_INTEGER), numbers)
        return numbers

    def _results(self, number: int, place: int, rows: Sequence[int], columns: Sequence[int]) -> Array:
        """Return the exact results of a stage at `rows` and `columns`, which lie inside."""
        stage, step = self._plan.chains[number].stages[place], self._passes[number][1][place]
        tops, lefts = (
            [at * axis.stride - axis.before for at in positions]
            for positions, axis in ((rows, stage.down), (columns, stage.across))
        )
        seen_rows, seen_columns = (
            sorted({at + i * axis.dilation for at in starts for i in range(axis.taps)})
            for starts, axis in ((tops, stage.down), (lefts, stage.across))
        )
        seen = self._beneath(number, place, seen_rows, seen_columns)
        totals = np.zeros((len(rows), len(columns), seen.shape[2]), ANY_INTEGER)
        for i, weights in enumerate(step.weights):
            at_rows = _places([at + i * stage.down.dilation for at in tops], seen_rows)
            for j, weight in enumerate(weights):
                at_columns = _places([at + j * stage.across.dilation for at in lefts], seen_columns)
                if weight:
                    totals = totals + seen[np.ix_(at_rows, at_columns)] * weight
        results: Array = totals * Fraction(1, step.divisor) + step.bias
        return results

    def _finish(self, exact: Fraction, *, is_alpha: bool) -> tuple[Fraction, int | float, bool]:
        """Return the result normalised, the sample that it becomes, and whether that was clipped."""
        magnitude = self._plan.recipe.normalisation.magnitude and not is_alpha
        scale, offset = self._plan.plain_scaling if is_alpha else self._scaling
        normalised = scale * (abs(exact) if magnitude else exact) + offset
        if self._plan.output.is_float:
            return normalised, float(normalised), False
        rounded = ROUNDINGS[self._plan.recipe.rounding].round(normalised, self._plan.output.largest)
        output = min(max(rounded, self._plan.output.smallest), self._plan.output.largest)
        return normalised, output, output != rounded


def _places(wanted: Iterable[int | None], there: Sequence[int]) -> list[int]:
    """Return the places of the positions `wanted` among those that are `there`, which are sorted."""
    places = {at: place for place, at in enumerate(there)}
    return [places[at] for at in wanted if at is not None]

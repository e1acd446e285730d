"""From exact numerators to samples: divide, normalise, round, clip, cast. Nowhere else is anything rounded."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.buffers import make_buffer
from imfilt.engine.dtypes import ANY_INTEGER, dividing_floats
from imfilt.engine.finishing.division import Division, take_from_ties
from imfilt.engine.finishing.exact import exact_results, has_squares, widened
from imfilt.engine.finishing.measuring import without_noise
from imfilt.engine.planning.plan import Chain, Plan
from imfilt.engine.recipes.normalisations import Extremes, Scaling
from imfilt.engine.recipes.roundings import ROUNDINGS
from imfilt.engine.strategies.program import Call, Program, joined_rows

if TYPE_CHECKING:
    from imfilt.array_types import Array
    from imfilt.engine.finishing.clipped import ClippedCounter
    from imfilt.engine.finishing.combined import RootScale

_LARGEST_ERROR = Fraction(1, 4)
"""Levels: far more than floats are off by, and less than rounding to the nearest level makes up for."""
_LEAST_ADDED = Fraction(1, 1024)
"""Levels: what floats may fall short of a level where its fraction is dropped, so that it is not the level below."""
_LARGEST_SCALE = 10**300
_Prepared = tuple["Array", Program | None]
"""Numerators, and the calls that turn them into what becomes samples."""
_AS_IT_IS = Scaling(Fraction(1), Fraction(0))


class Finisher:
    """Turns the numerators of a plan's chains into samples; it keeps a buffer, so each thread has its own."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._clipped: ClippedCounter | None = None
        self._magnitude = plan.recipe.normalisation.magnitude
        self._output = plan.output
        is_alone = len(plan.chains) == 1 and plan.recipe.combination is None
        self._is_whole = is_alone and not (plan.is_float or plan.chains[0].late or self._magnitude)
        self._prepared: list[_Prepared] = []
        self._plain_scaling = plan.plain_scaling
        rounding = ROUNDINGS[plan.recipe.rounding]
        self._to_even, self._added = rounding.ties_to_even, rounding.added(plan.output.largest)
        self._room: Array | None = None
        self._extremes: Extremes | None = None
        self._scale()

    def begin(self, extremes: Extremes | None, clipped: ClippedCounter | None = None) -> None:
        """Turn to a picture of which these are the `extremes`, if they matter; what is `clipped` is counted there."""
        self._clipped = clipped
        if extremes != self._extremes:
            self._extremes = extremes
            self._scale()

    def _scale(self) -> None:
        plan = self._plan
        self._prepared = []
        self._scaling = plan.scaling(without_noise(plan, self._extremes) if self._extremes else None)
        is_alpha = plan.is_weighted  # which is rounded as it is, apart from the colours
        chain, scaling = (plan.chains[1], self._plain_scaling) if is_alpha else (_common_chain(plan), self._scaling)
        self._whole_offset = 0
        if chain.late:
            self._whole_offset = math.floor(scaling.offset)
            scaling = Scaling(scaling.scale, scaling.offset - self._whole_offset)
        self._division = Division(chain, scaling, plan.output, self._added, to_even=self._to_even)
        highest = scaling.scale * chain.bound + scaling.offset
        self._floats_fit = (
            len(plan.chains) == 1
            and not (chain.signed or plan.samples.is_float)
            and scaling.scale >= 0 <= scaling.offset
            and highest <= plan.output.largest + _LARGEST_ERROR <= plan.output.largest + self._added
        )
        self._roots: RootScale | None = None
        if has_squares(plan):
            from imfilt.engine.finishing.combined import RootScale

            denominator = None if plan.is_weighted else chain.denominator
            is_stretched = plan.recipe.normalisation.measures
            self._roots = RootScale(self._scaling, plan.output.largest, denominator, is_stretched=is_stretched)

    def __call__(self, numbers: list[Array], samples: Array) -> None:
        """Write the samples (rows × columns × channels) of a part; `numbers` are its numerators, and are used up."""
        if self._is_whole and self._clipped is None:
            results, program = self._prepared_for(numbers[0])
            if program is not None:
                for function, arguments in program:
                    function(*arguments)
                samples[...] = results
                return
        if self._roots is not None:
            squares, denominators, _ = exact_results(self._plan, numbers)
            colours = samples[..., : squares.shape[2]]
            self._clip_and_cast(self._roots(squares, denominators), colours)
            if self._plan.is_weighted:
                self._round(numbers[1], self._plain_scaling, samples[..., -1:])
        elif self._plan.is_weighted:
            self._round_ratio(*exact_results(self._plan, numbers), samples[..., :-1])
            self._round(numbers[1], self._plain_scaling, samples[..., -1:])
        elif self._plan.chains[0].late:
            self._round_late(numbers[0], numbers[1], samples)
        else:
            results = exact_results(self._plan, numbers)[0]
            if self._magnitude:
                np.absolute(results, out=results)
            self._round(results, self._scaling, samples)

    def _prepared_for(self, numerators: Array) -> _Prepared:
        # The same array comes again and again where a strip is one block; one of two, where panels overlap.
        for prepared in self._prepared:
            if prepared[0] is numerators:
                return prepared
        prepared = numerators, self._program(joined_rows(numerators))
        self._prepared = [prepared, *self._prepared[:1]]
        return prepared

    def _program(self, numerators: Array) -> Program | None:
        """Return the calls that turn numerators into what becomes samples, in place; None where there is no room."""
        program = self._division.program(numerators)
        if program is None or self._division.fits:
            return program
        return [*program, self._clip(numerators)]

    def _clip(self, rounded: Array) -> Call:
        # of plain numbers NumPy would make arrays every time
        limits = (np.array(limit, rounded.dtype) for limit in (self._output.smallest, self._output.largest))
        return rounded.clip, (*limits, rounded)

    def _round_late(self, numerators: Array, middle: Array, samples: Array) -> None:
        """Write ``late · middle ± numerators / denominator + offset``, rounded."""
        chain = self._plan.chains[0]
        rows, columns, planes = numerators.shape
        if self._room is None or len(self._room) < rows or self._room.shape[1] < columns:
            self._room = make_buffer((rows, columns, planes), numerators.dtype)
        results = self._room[:rows, :columns]
        # The middle may be of samples, which are narrower; a factor below 0 wraps around as the results do.
        late = chain.late if results.dtype == ANY_INTEGER else np.int64(chain.late).astype(results.dtype)
        np.multiply(middle, late, out=results, dtype=results.dtype, casting="unsafe")
        combine = np.subtract if chain.negated else np.add
        combine(results, self._division(numerators), out=results)
        if results.dtype.kind == "u":  # it has wrapped around where the results are below 0, as the plan knows
            results = results.view(f"i{results.itemsize}")
        if self._whole_offset:
            np.add(results, self._whole_offset, out=results)
        self._clip_and_cast(results, samples)

    def _round(self, numerators: Array, scaling: Scaling, samples: Array) -> None:
        """Write ``scale · numerators / denominator + offset``, rounded."""
        if self._plan.is_float:
            self._round_floats(numerators, scaling, samples)
        else:
            quotients = self._division(numerators)
            if self._division.fits:
                self._count(None, samples)
                np.copyto(samples, quotients, casting="unsafe")
            else:
                self._clip_and_cast(quotients, samples)

    def _round_ratio(self, numerators: Array, denominators: Array, bound: Fraction, samples: Array) -> None:
        """Write ``scale · numerators / denominators + offset``, rounded, for arrays of both."""
        if self._magnitude:
            np.absolute(numerators, out=numerators)
        scale, offset = self._scaling
        if self._plan.is_float:
            self._round_floats(numerators / denominators, self._scaling, samples)
            return
        # floor(s·n/d + o + 1/2), with s and o (and 1/2, or what is added instead) as fractions, over one denominator
        offset += self._added
        common = math.lcm(scale.denominator, offset.denominator)
        factor, addend = int(scale * common), int(offset * common)
        largest = max(bound * max(abs(factor) + abs(addend), common), Fraction(self._output.bound))
        floats = None if self._to_even else dividing_floats(largest)
        if floats is not None:
            numerators, denominators = numerators.astype(floats), _spread(denominators, floats)
            np.multiply(numerators, factor, out=numerators)
            np.add(numerators, denominators if addend == 1 else denominators * addend, out=numerators)
            np.divide(numerators, np.multiply(denominators, common, out=denominators), out=numerators)
            self._clip_and_cast(np.floor(numerators, out=numerators), samples)
            return
        numerators, denominators = widened(numerators, largest), widened(denominators, largest)
        above, below = numerators * factor + denominators * addend, denominators * common
        rounded = above // below
        if self._to_even:
            take_from_ties(rounded, above, below)
        self._clip_and_cast(rounded, samples)

    def _round_floats(self, values: Array, scaling: Scaling, samples: Array) -> None:
        if scaling.scale > _LARGEST_SCALE:
            scaling = Scaling(Fraction(0), Fraction(0))  # as flat as floating point can tell
        if scaling != _AS_IT_IS:
            values = values * float(scaling.scale) + float(scaling.offset)
        if self._output.is_float:
            self._count(None, samples)
            np.copyto(samples, values, casting="same_kind")
            return
        if self._to_even:
            np.rint(values, out=values)
        else:
            np.add(values, float(max(self._added, _LEAST_ADDED)), out=values)
        if self._plan.samples.is_float:
            np.copyto(values, 0, where=np.isnan(values))  # whole numbers have nothing for what is no number
        if self._output.smallest < 0 or self._clipped is not None:  # which counts what is rounded
            np.floor(values, out=values)
        if self._floats_fit:
            self._count(None, samples)
            np.copyto(samples, values, casting="unsafe")  # drops the fraction
        else:
            self._clip_and_cast(values, samples)

    def _count(self, rounded: Array | None, samples: Array) -> None:
        if self._clipped is not None:
            self._clipped.add(rounded, samples, self._output, self._plan.unused)

    def _clip_and_cast(self, rounded: Array, samples: Array) -> None:
        self._count(rounded, samples)
        clip, limits = self._clip(rounded)
        clip(*limits)
        np.copyto(samples, rounded, casting="unsafe")


def _spread(alike: Array, dtype: str) -> Array:
    """Return numbers that are alike in all channels in an array of them: broadcast, each pixel takes a loop."""
    spread = np.empty(alike.shape, dtype)
    for channel in range(alike.shape[2]):
        spread[..., channel] = alike[..., channel]
    return spread


def _common_chain(plan: Plan) -> Chain:
    """Return a chain that says of combined results what the only one says of those of one kernel."""
    if len(plan.chains) == 1:
        return plan.chains[0]
    bound, signed = max(chain.bound for chain in plan.chains), any(chain.signed for chain in plan.chains)
    return plan.chains[0]._replace(bound=bound, signed=signed)

"""Tap by tap: samples under equal weights are added first and multiplied once; weights of 0 are passed over.

Where taps of equal weight lie in pairs, each as far apart as the next (the four neighbours of the Laplacian are two
such pairs), the pair is added once for the whole strip, and then the sums of the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from imfilt.engine.buffers import make_buffer
from imfilt.engine.strategies.fit import Fit
from imfilt.engine.strategies.phases import Phases, split_cost
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage, Weights
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

Number = int | float
Place = tuple[int, int]
Terms = list[tuple[int, "Array"]]
"""Arrays to be added (1) or subtracted (-1)."""

_MOST_TAPS_TO_PAIR = 64
_MOST_PAIRED = 1024


class Group(NamedTuple):
    """Taps of one weight, but for its sign, in two parts: single taps, and pairs that are added up beforehand."""

    weight: Number
    """Above 0."""
    taps: dict[Place, int]
    """The sign (1 or -1) of the weight at a row and column."""
    step: Place = (0, 0)
    """From the first tap of each pair to the second."""
    sign: int = 1
    """Of the second tap of each pair, against the first."""
    pairs: Group | None = None
    """The first taps of the pairs, as a group of their own over what the pairs add up to."""

    @property
    def terms(self) -> int:
        """How many arrays there are to be added up, once the pairs are."""
        return len(self.taps) + (self.pairs.terms if self.pairs else 0)

    @property
    def passes_before(self) -> int:
        """How many additions a sample the pairs take."""
        return 1 + self.pairs.passes_before if self.pairs else 0


def fit(stage: Stage) -> Fit:
    """Return what it takes; it can always be done."""
    return Fit(stage.weight, count_passes(_groups(stage)), split_cost(stage, stage.down.stride))


def count_passes(groups: Sequence[Group]) -> int:
    """Return how many additions, multiplications and copies a sample the groups take."""
    passes = 0
    for number, group in enumerate(groups):
        is_unit = group.weight == 1
        passes += group.passes_before + group.terms - (number == 0)
        if number == 0 and (group.terms == 1 or not is_unit):
            passes += 1  # the multiplication, or the copy of the only term
        elif number and not is_unit:
            passes += 1
    return passes


def group_by_weight(weights: Weights) -> list[Group]:
    """Return the taps of each weight other than 0, whatever its sign; those of weight 1, which need no room, last."""
    groups: dict[Number, dict[Place, int]] = {}
    for y, row in enumerate(weights):
        for x, weight in enumerate(row):
            if weight:
                groups.setdefault(abs(weight), {})[y, x] = 1 if weight > 0 else -1
    return [Group(weight, groups[weight]) for weight in sorted(groups, key=lambda weight: weight == 1)]


def pair_up(group: Group) -> Group:
    """Return the group with as many of its taps as may be in pairs.

    >>> pair_up(Group(1, {(0, 1): 1, (1, 0): 1, (1, 2): 1, (2, 1): 1})).step
    (1, -1)
    """
    if not 4 <= len(group.taps) <= _MOST_TAPS_TO_PAIR:
        return group
    best: dict[Place, Place] = {}
    sign = 1
    steps = {(b[0] - a[0], b[1] - a[1]): None for a, b in combinations(sorted(group.taps), 2)}
    for step in sorted(steps, key=lambda step: -step[0]):  # the further down, the fewer rows of pairs
        for each in (1, -1):
            pairs = _pairs(group.taps, step, each)
            if len(pairs) > len(best):
                best, sign = pairs, each
    if len(best) < 2:
        return group
    first, second = next(iter(best.items()))
    paired = {*best, *best.values()}
    return Group(
        group.weight,
        {tap: group.taps[tap] for tap in group.taps if tap not in paired},
        (second[0] - first[0], second[1] - first[1]),
        sign,
        pair_up(Group(group.weight, {tap: group.taps[tap] for tap in best})),
    )


def _pairs(taps: dict[Place, int], step: Place, sign: int) -> dict[Place, Place]:
    """Return the second tap of each pair by its first, no tap in two of them."""
    pairs: dict[Place, Place] = {}
    taken: set[Place] = set()
    for first in sorted(taps):
        second = first[0] + step[0], first[1] + step[1]
        if first not in taken and second in taps and taps[first] * taps[second] == sign:
            pairs[first] = second
            taken.add(second)
    return pairs


def weighted_sum(groups: Sequence[tuple[Number, Terms]], sums: Array, partial: Array) -> Program:
    """Return the calls that add up the terms of each group, times its weight, into `sums`.

    `partial` is an array of the same shape that the calls may use.
    """
    program: Program = []
    for number, (weight, terms) in enumerate(groups):
        if number and weight == 1:
            program += [(_OPERATIONS[sign], (sums, term, sums)) for sign, term in terms]
            continue
        into = partial if number else sums
        calls, sign = _plain_sum(terms, into)
        program += calls
        if weight != 1 or (sign < 0 and not number):
            factor = weight if number else sign * weight
            program.append((np.multiply, (into if calls else terms[0][1], factor, into)))
        elif not calls:
            program.append((np.copyto, (into, terms[0][1])))
        if number:
            program.append((_OPERATIONS[sign], (sums, partial, sums)))
    return program or [(np.copyto, (sums, 0))]


_OPERATIONS: dict[int, Any] = {1: np.add, -1: np.subtract}


def _plain_sum(terms: Terms, into: Array) -> tuple[Program, int]:
    """Return the calls that add up two terms and more, and the sign that what comes out is to be taken with."""
    (sign, first), *rest = sorted(terms, key=lambda term: -term[0])
    program: Program = []
    for other, term in rest:
        program.append((_OPERATIONS[sign * other], (into if program else first, term, into)))
    return program, sign


class Taps:
    """The sums of any kernel, one addition a tap, one multiplication a distinct weight."""

    def __init__(self, stage: Stage, dtype: str) -> None:
        self._down = stage.down
        self._across = stage.across
        self._groups = _groups(stage)
        self._dtype = dtype

    def program(self, window: Array, sums: Array) -> Program:
        """Return the calls that write the weighted sums over `window` into `sums`; see `Strategy`."""
        step = self._across.dilation
        phases = Phases(window, self._across.stride, (x * step for group in self._groups for _, x in group.taps))
        program = [*phases.program]
        groups = []
        for group in self._groups:
            calls, terms = self._terms(group, phases, (0, 0), sums.shape)
            program += calls
            groups.append((group.weight, terms))
        rows, columns, planes = sums.shape
        return program + weighted_sum(
            groups, sums, make_buffer((rows, columns, planes), self._dtype, pitch=sums.strides[0])
        )

    def _terms(self, group: Group, numbers: Phases, origin: Place, shape: tuple[int, ...]) -> tuple[Program, Terms]:
        """Return the calls that add up the pairs, and the terms; `numbers` begin at the tap `origin`."""
        terms = [(sign, self._under(numbers, origin, tap, shape)) for tap, sign in group.taps.items()]
        if group.pairs is None:
            return [], terms
        firsts = _all_taps(group.pairs)
        top, left = min(y for y, _ in firsts), min(x for _, x in firsts)
        height = shape[0] + (max(y for y, _ in firsts) - top) * self._down.dilation
        width = shape[1] + (max(x for _, x in firsts) - left) * self._across.dilation
        added = make_buffer((height, width, shape[2]), self._dtype, pitch=numbers.pitch)
        first, second = (
            self._under(numbers, origin, tap, added.shape)
            for tap in ((top, left), (top + group.step[0], left + group.step[1]))
        )
        calls, more = self._terms(group.pairs, Phases(added, 1, ()), (top, left), shape)
        return [(_OPERATIONS[group.sign], (first, second, added)), *calls], terms + more

    def _under(self, numbers: Phases, origin: Place, tap: Place, shape: tuple[int, ...]) -> Array:
        """Return what of `numbers` lies under a tap, for sums of a shape."""
        y, x = (tap[0] - origin[0]) * self._down.dilation, (tap[1] - origin[1]) * self._across.dilation
        stride = self._down.stride
        return numbers.at(x, shape[1])[y : y + (shape[0] - 1) * stride + 1 : stride]


def _groups(stage: Stage) -> list[Group]:
    """Return the groups of a stage; where the stride passes over samples, pairs would be added in vain.

    Nor are they looked for in a large matrix, which takes longer than it could spare.
    """
    taps = stage.down.taps * stage.across.taps
    is_paired = (stage.down.stride, stage.across.stride) == (1, 1) and taps <= _MOST_PAIRED
    return _paired_groups(stage.weights, stage.is_whole) if is_paired else group_by_weight(stage.weights)


@lru_cache(maxsize=16)  # it takes as long as the sums of a small picture
def _paired_groups(weights: Weights, _is_whole: bool) -> list[Group]:
    """Return the groups with their pairs; floats equal whole numbers, and are not to be taken for them."""
    return [pair_up(group) for group in group_by_weight(weights)]


def _all_taps(group: Group) -> set[Place]:
    """Return all taps of a group, those of its pairs too."""
    if group.pairs is None:
        return set(group.taps)
    firsts = _all_taps(group.pairs)
    return {*group.taps, *firsts, *((y + group.step[0], x + group.step[1]) for y, x in firsts)}

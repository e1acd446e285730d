"""Exact numerators divided, in whole numbers, and rounded as they are."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.finishing.exact import widened
from imfilt.engine.planning.plan import Chain
from imfilt.engine.recipes.normalisations import Scaling
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.strategies.program import Call, Program

if TYPE_CHECKING:
    from imfilt.array_types import Array


class Division:
    """``scale · numerators / denominator + offset``, rounded in whole numbers: `added` to, and the fraction dropped."""

    def __init__(self, chain: Chain, scaling: Scaling, output: SampleType, added: Fraction, *, to_even: bool) -> None:
        ratio = scaling.scale / chain.denominator
        self._factor, self._divisor = ratio.numerator, ratio.denominator
        addend = (scaling.offset + added) * ratio.denominator
        self._addend = math.floor(addend)
        self._to_even = to_even and addend.denominator == 1  # otherwise there are no ties
        if chain.negated:  # -floor(half - n / d), which is a quotient rounded half down
            self._addend = self._divisor - 1 - self._addend
        largest = chain.bound * abs(self._factor) + abs(self._addend)
        self._bound = max(largest, Fraction(output.bound), Fraction(self._divisor))
        self._is_trivial = (self._factor, self._addend, self._divisor) == (1, 0, 1)
        self._is_never_negative = not chain.signed and self._factor >= 0 <= self._addend
        self.fits = self._is_never_negative and largest // self._divisor <= output.largest
        """Whether it is proved that no quotient is below 0 or above white."""

    def __call__(self, numerators: Array) -> Array:
        """Return the quotients, in place where they have room there."""
        if self._is_trivial:
            return numerators
        numerators = widened(numerators, self._bound, signed=self._addend < 0)
        for function, arguments in self._calls(numerators):
            function(*arguments)
        if self._to_even:
            quotients = np.floor_divide(numerators, self._divisor)
            take_from_ties(quotients, numerators, self._divisor)
            return quotients
        return numerators

    def program(self, numerators: Array) -> Program | None:
        """Return the calls that divide in place; None where the quotients need other numbers."""
        if self._is_trivial:
            return []
        if self._to_even or widened(numerators, self._bound, signed=self._addend < 0) is not numerators:
            return None
        return self._calls(numerators)

    def _calls(self, numbers: Array) -> Program:
        program: Program = []
        if self._factor != 1:
            program.append(_in_place(np.multiply, numbers, self._factor))
        if self._addend:
            program.append(_in_place(np.add, numbers, self._addend))
        if self._divisor == 1 or self._to_even:
            return program
        if self._divisor.bit_count() == 1 and numbers.itemsize > 1:  # a shift is faster, except of 8 bits
            return [*program, _in_place(np.right_shift, numbers, self._divisor.bit_length() - 1)]
        if self._is_never_negative and numbers.dtype.kind == "i":  # it is faster where none can be below 0
            numbers = numbers.view(f"u{numbers.itemsize}")
        return [*program, _in_place(np.floor_divide, numbers, self._divisor)]


def _in_place(function: np.ufunc, numbers: Array, operand: int) -> Call:
    """Return the call with an array of no dimensions: of a plain number NumPy would make one every time."""
    return function, (numbers, np.array(operand, numbers.dtype), numbers)


def take_from_ties(quotients: Array, above: Array, below: Array | int) -> None:
    """Take 1 from odd quotients without a remainder: where a half was added before, those are ties rounded up."""
    ties = (quotients * below == above) & (quotients % 2 == 1)
    np.subtract(quotients, ties, out=quotients, casting="unsafe")

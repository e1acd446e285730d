"""Weighted sums along one axis, by repeated short additions where the weights allow it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from imfilt.engine.buffers import make_buffer
from imfilt.engine.recipes.geometry import Axis
from imfilt.engine.strategies.phases import Phases
from imfilt.engine.strategies.program import Program
from imfilt.engine.strategies.stage import Stage
from imfilt.engine.strategies.taps import count_passes, group_by_weight, weighted_sum
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array

Weights1D = tuple[int, ...] | tuple[float, ...]


class Line(NamedTuple):
    """Weights along one axis, as runs of equal weights one after the other, and what is left."""

    runs: tuple[int, ...]
    """Sums of so many samples side by side, each over the results of the one before: (2, 2) is 1 2 1."""
    rest: tuple[int | float, ...]
    """The weights that are applied to the result of the runs."""

    @property
    def weight(self) -> Fraction:
        """No sum on the way is larger than this times the largest number that comes in."""
        return Fraction(math.prod(self.runs) * sum(map(abs, self.rest)))

    @property
    def signed(self) -> bool:
        """Whether numbers below 0 may come up on the way."""
        return any(weight < 0 for weight in self.rest)

    @property
    def passes(self) -> int:
        """How many additions and multiplications a sample it takes."""
        return sum(map(_run_passes, self.runs)) + (
            0 if self.rest == (1,) else count_passes(group_by_weight((self.rest,)))
        )


def make_line(weights: Sequence[int | float], stride: int = 1) -> Line:
    """Return the cheapest way found to apply `weights`; where a stride passes over samples, runs would be so in vain.

    >>> make_line((1, 4, 6, 4, 1)), make_line((1,) * 9)
    (Line(runs=(2, 2, 2, 2), rest=(1,)), Line(runs=(9,), rest=(1,)))
    """
    plain = Line((), tuple(weights))
    if stride > 1 or not all(isinstance(weight, int) for weight in weights):
        return plain
    runs: list[int] = []
    rest = [int(weight) for weight in weights]
    for length in range(len(rest), 1, -1):
        while (quotient := _divide_by_run(rest, length)) is not None:
            runs.append(length)
            rest = quotient
    return min(plain, Line(tuple(runs), tuple(rest)), key=lambda line: line.passes)


def _divide_by_run(weights: list[int], length: int) -> list[int] | None:
    """Return the weights q with ``weights == convolution of q with a run of ones``, or None where there are none."""
    if len(weights) < length or not any(weights):
        return None
    quotient: list[int] = []
    window = 0
    for i, weight in enumerate(weights):
        if i >= length:
            window -= quotient[i - length]
        digit = weight - window
        if i <= len(weights) - length:
            quotient.append(digit)
            window += digit
        elif digit:
            return None
        else:
            quotient.append(0)
    return quotient[: len(weights) - length + 1]


def _run_passes(length: int) -> int:
    return length.bit_length() - 1 + length.bit_count() - 1


class LineSums:
    """Applies a line along an axis (0 down, 1 across) of arrays of rows × columns × planes."""

    def __init__(self, line: Line, axis: int, along: Axis, dtype: str) -> None:
        self._line = line
        self._axis = axis
        self._step = along.dilation
        self._stride = along.stride
        self._dtype = np.dtype(dtype)

    def program(self, numbers: Array, rooms: Rooms, sums: Array | None = None) -> tuple[Program, Array]:
        """Return the calls that apply the line to `numbers`, and where the result is: in `sums` if it is given."""
        program: Program = []
        line = self._line
        for place, length in enumerate(line.runs):
            is_last = place == len(line.runs) - 1 and line.rest == (1,)
            calls, numbers = self._run(numbers, length, rooms, sums if is_last else None)
            program += calls
        if line.rest != (1,) or not line.runs:
            calls, numbers = self._rest(numbers, rooms, sums)
            program += calls
        return program, numbers

    def _run(self, numbers: Array, length: int, rooms: Rooms, sums: Array | None) -> tuple[Program, Array]:
        """Sum up runs of `length` by doubling: a run of 2k is two runs of k, a run of 2k + 1 one sample more."""
        program: Program = []
        total, done = numbers, 1
        extent = numbers.shape[self._axis]
        bits = f"{length:b}"[1:]
        for place, bit in enumerate(bits):
            is_last = sums is not None and place == len(bits) - 1
            longer = extent - (2 * done - 1) * self._step
            doubled = sums if is_last and bit == "0" else None
            if doubled is None:
                doubled = rooms.free(self._shape(numbers, longer), numbers, total)
            program.append((np.add, (self._at(total, 0, longer), self._at(total, done, longer), doubled)))
            total, done = doubled, 2 * done
            if bit == "1":
                longer -= self._step
                before, sample = self._at(total, 0, longer), self._at(numbers, done, longer)
                total = sums if is_last and sums is not None else before
                program.append((np.add, (before, sample, total)))
                done += 1
        return program, total

    def _rest(self, numbers: Array, rooms: Rooms, sums: Array | None) -> tuple[Program, Array]:
        extent = (numbers.shape[self._axis] - (len(self._line.rest) - 1) * self._step - 1) // self._stride + 1
        shape = self._shape(numbers, extent)
        total = rooms.free(shape, numbers) if sums is None else sums
        partial = rooms.free(shape, numbers, total)
        places = {x: x * self._step for x, weight in enumerate(self._line.rest) if weight}
        phases = Phases(numbers, self._stride if self._axis else 1, places.values())

        def every(place: int) -> Array:
            if self._axis:
                return phases.at(place, extent)
            return numbers[place : place + (extent - 1) * self._stride + 1 : self._stride]

        groups = [
            (group.weight, [(sign, every(places[x])) for (_, x), sign in group.taps.items()])
            for group in group_by_weight((self._line.rest,))
        ]
        return phases.program + weighted_sum(groups, total, partial), total

    def _at(self, numbers: Array, place: int, extent: int) -> Array:
        where = slice(place * self._step, place * self._step + extent)
        return numbers[where] if self._axis == 0 else numbers[:, where]

    def _shape(self, like: Array, extent: int) -> tuple[int, ...]:
        return (extent, *like.shape[1:]) if self._axis == 0 else (like.shape[0], extent, like.shape[2])


def lines_of(stage: Stage, column: Weights1D, row: Weights1D) -> tuple[Line, Line]:
    """Return the lines of a column and a row of weights, as the strides of a stage allow."""
    return make_line(column, stage.down.stride), make_line(row, stage.across.stride)


def line_sums(stage: Stage, column: Weights1D, row: Weights1D, dtype: str) -> tuple[LineSums, LineSums]:
    """Return what applies a column and a row of weights to the window of a stage."""
    down, across = lines_of(stage, column, row)
    return LineSums(down, 0, stage.down, dtype), LineSums(across, 1, stage.across, dtype)


def passes_of(stage: Stage, column: Line, row: Line) -> int:
    """Return how many additions and multiplications a sample it takes: the column is done for every sample of a row."""
    return column.passes * stage.across.stride + row.passes


class Rooms:
    """The buffers that the calls of a program take turns in, made when they are first needed."""

    def __init__(self, dtype: str, pitch: int) -> None:
        self._dtype = dtype
        self._pitch = pitch
        self._buffers: list[Array] = []

    def free(self, shape: tuple[int, ...], *used: Array) -> Array:
        """Return an array of `shape` in a buffer that holds none of the arrays that are still `used`."""
        rows, columns, planes = shape
        for buffer in self._buffers:
            fits = buffer.shape[0] >= rows and buffer.shape[1] >= columns
            if fits and not any(np.may_share_memory(buffer, array) for array in used):
                return buffer[:rows, :columns]
        self._buffers.append(make_buffer((rows, columns, planes), self._dtype, pitch=self._pitch))
        return self._buffers[-1]

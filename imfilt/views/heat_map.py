"""A matrix as a heat map of letters: each cell with its weight, and how it compares with the largest."""

from __future__ import annotations

from fractions import Fraction

from imfilt.kernels.kernel import Kernel
from imfilt.quick import NamedTuple
from imfilt.views.kernel_text import matrix_lines

_COMPACT = 2


class Cell(NamedTuple):
    """A cell of a heat map."""

    label: str
    share: float
    """The weight over the largest, from -1 to 1; its sign is that of the weight over the divisor."""


class HeatMap(NamedTuple):
    """Rows of cells, and what their labels are, where they are not the weights."""

    rows: list[list[Cell]]
    note: str = ""


def heat_map(kernel: Kernel, width: int) -> HeatMap:
    """Return a heat map of at most `width` columns.

    Where the weights do not fit, a cell has two letters: the sign, and how many tenths of the largest weight it has.
    Where these do not fit either, a cell stands for several weights: for that furthest from 0.
    """
    weights: list[list[int]] = [list(row) for row in kernel.integer_form.weights]
    labels = [line.split() for line in matrix_lines(kernel)]
    longest = max(len(label) for row in labels for label in row)
    if len(labels[0]) * (longest + _COMPACT) <= width:
        return HeatMap(_cells(weights, [[label.rjust(longest + 1) + " " for label in row] for row in labels]))
    step = -(-_COMPACT * len(weights[0]) // max(width, _COMPACT))
    small = [
        [_furthest(weights, range(i, i + step), range(j, j + step)) for j in range(0, len(weights[0]), step)]
        for i in range(0, len(weights), step)
    ]
    note = "sign and tenths of the largest weight; a sign alone is less than one"
    if step > 1:
        note += f"; a cell is the one furthest from 0 of {step} x {step}"
    return HeatMap(_cells(small, _tenths(small)), note)


def _furthest(weights: list[list[int]], rows: range, columns: range) -> int:
    """Return the weight furthest from 0 of those that are there."""
    return max(
        (weight for row in weights[rows.start : rows.stop] for weight in row[columns.start : columns.stop]), key=abs
    )


def _cells(weights: list[list[int]], labels: list[list[str]]) -> list[list[Cell]]:
    largest = max(abs(weight) for row in weights for weight in row) or 1
    return [
        [Cell(label, float(Fraction(weight, largest))) for weight, label in zip(*rows, strict=True)]
        for rows in zip(weights, labels, strict=True)
    ]


def _tenths(weights: list[list[int]]) -> list[list[str]]:
    largest = max(abs(weight) for row in weights for weight in row) or 1
    return [[_label(weight, largest) for weight in row] for row in weights]


def _label(weight: int, largest: int) -> str:
    if not weight:
        return " ·"
    return f"{'-' if weight < 0 else '+'}{min(abs(weight) * 10 // largest, 9) or ' '}"

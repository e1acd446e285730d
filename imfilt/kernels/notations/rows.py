"""Rows of numbers: what a spreadsheet calls CSV, and what ``-m`` takes."""

from __future__ import annotations

from fractions import Fraction

from imfilt.kernels.kernel import Kernel
from imfilt.kernels.matrix_text import parse_matrix
from imfilt.kernels.notations.forms import decimal, refuse_anchor, refuse_bias
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import Number, to_fraction


def recognise(_: str) -> bool:
    """Return True: any text may be rows of numbers, and the reader says what is wrong with it."""
    return True


def read(text: str) -> Reading:
    """Return the kernel of rows of numbers, parted by commas or white space."""
    return Reading(Kernel(parse_matrix(text)))


def write(kernel: Kernel) -> str:
    """Return the weights, divided; those that decimals cannot hold as fractions such as 1/9."""
    refuse_bias(kernel, "csv")
    refuse_anchor(kernel, "csv")
    divisor = to_fraction(kernel.divisor)
    rows = [[_exact(weight, divisor) for weight in row] for row in kernel.weights]
    return "".join(f"{','.join(row)}\n" for row in rows)


def _exact(weight: Number, divisor: Fraction) -> str:
    value = to_fraction(weight) / divisor
    text = decimal(value)
    return text if Fraction(text) == value else str(value)

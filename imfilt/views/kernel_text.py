"""A kernel in plain text, as a person would write it."""

from __future__ import annotations

from fractions import Fraction

from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import format_number
from imfilt.kernels.registry import Entry
from imfilt.kernels.separable import separate


def matrix_lines(kernel: Kernel) -> list[str]:
    """Return the matrix, a line for each row, its columns right-aligned."""
    cells = [[format_number(weight) for weight in row] for row in kernel.weights]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def kernel_facts(entry: Entry) -> list[tuple[str, str]]:
    """Return what there is to know about a kernel, as names and values."""
    kernel = entry.kernel
    rows, columns = kernel.size
    facts = [
        ("aliases", ", ".join(entry.aliases)),
        ("what it does", entry.description),
        ("reference", entry.reference),
        ("from", entry.origin),
        ("size", f"{rows} x {columns}"),
        ("divisor", format_number(kernel.divisor)),
        ("bias", format_number(kernel.bias) if kernel.bias else ""),
        ("anchor", f"row {kernel.anchor[0]}, column {kernel.anchor[1]}" if kernel.anchor else ""),
        ("sum", f"{format_number(kernel.sum)}{_meaning_of_sum(kernel)}"),
        ("separable", _factors(kernel)),
        ("8-bit output", _range(kernel)),
    ]
    return [(name, value) for name, value in facts if value]


def _meaning_of_sum(kernel: Kernel) -> str:
    if kernel.sum == 1 and not kernel.bias:
        return " (a flat picture stays as it is)"
    if kernel.sum == 0:
        return f" (a flat picture becomes {format_number(kernel.bias) if kernel.bias else 'black'})"
    return ""


def _factors(kernel: Kernel) -> str:
    factors = separate(kernel.integer_form.weights)
    if factors is None:
        return "no"
    column, row = (" ".join(map(str, factor)) for factor in factors)
    return f"yes: column {column}, row {row}, divided by {kernel.integer_form.divisor}"


def _range(kernel: Kernel) -> str:
    low, high = kernel.output_range(255)
    outside = low < 0 or high > 255
    return f"from {_short(low)} to {_short(high)}{' before clipping to 0 to 255' if outside else ''}"


def _short(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.6g}"

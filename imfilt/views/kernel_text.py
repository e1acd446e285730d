"""A kernel in plain text, as a person would write it."""

from __future__ import annotations

from fractions import Fraction

from imfilt.kernels.kernel import Kernel
from imfilt.kernels.lookup import FAMILY
from imfilt.kernels.numbers import format_number, format_short, short_decimal
from imfilt.kernels.registry import Entry
from imfilt.kernels.separable import separate

_LONGEST = 10
"""Signs of a number that a person would read; longer ones become decimals."""


def in_decimals(kernel: Kernel) -> bool:
    """Whether the weights are shown over the divisor, to six digits: where they are approximate, or long numbers."""
    return kernel.approximate or any(
        len(format_number(number)) > _LONGEST
        for row in (*kernel.weights, (kernel.divisor,))
        for number in row
        if not isinstance(number, float)
    )


def matrix_lines(kernel: Kernel) -> list[str]:
    """Return the matrix, a line for each row, its columns right-aligned, or as `in_decimals` says."""
    if in_decimals(kernel):
        form = kernel.integer_form
        cells = [[short_decimal(Fraction(weight, form.divisor)) for weight in row] for row in form.weights]
    else:
        cells = [[format_number(weight) for weight in row] for row in kernel.weights]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def kernel_facts(entry: Entry) -> list[tuple[str, str]]:
    """Return what there is to know about a kernel, as names and values."""
    kernel = entry.kernel
    rows, columns = kernel.size
    total = (format_short if in_decimals(kernel) else format_number)(kernel.sum)
    facts = [
        ("aliases", ", ".join(entry.aliases)),
        ("what it does", entry.description),
        ("reference", entry.reference),
        ("from", entry.origin),
        ("made by", entry.formula),
        ("size", f"{rows} x {columns}"),
        ("divisor", "" if in_decimals(kernel) else format_number(kernel.divisor)),
        ("bias", format_number(kernel.bias) if kernel.bias else ""),
        ("anchor", f"row {kernel.anchor[0]}, column {kernel.anchor[1]}" if kernel.anchor else ""),
        ("sum", f"{total}{_meaning_of_sum(kernel)}"),
        ("separable", _factors(kernel)),
        ("8-bit output", _range(kernel)),
    ]
    return [(name, value) for name, value in facts if value]


def parameter_facts(entry: Entry) -> list[tuple[str, str]]:
    """Return the parameters that the family of a kernel has, and what they mean."""
    if entry.origin != FAMILY:
        return []
    from imfilt.kernels.families.family import format_value
    from imfilt.kernels.families.table import find_family

    family = find_family(entry.formula.partition(":")[0])
    return [
        (
            each.name,
            f"{each.meaning}: {each.range}"
            + ("" if each.default is None else f", {format_value(each.default)} if not given"),
        )
        for each in (family.parameters if family else ())
    ]


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
    if in_decimals(kernel):
        return "yes: a column times a row"
    column, row = (" ".join(map(str, factor)) for factor in factors)
    return f"yes: column {column}, row {row}, divided by {kernel.integer_form.divisor}"


def _range(kernel: Kernel) -> str:
    low, high = kernel.output_range(255)
    outside = low < 0 or high > 255
    return f"from {format_short(low)} to {format_short(high)}{' before clipping to 0 to 255' if outside else ''}"

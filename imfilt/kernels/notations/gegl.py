"""GEGL and GIMP: the properties of ``gegl:convolution-matrix``, a correlation of 5 × 5.

https://gegl.org/operations/gegl-convolution-matrix.html. Letters are columns and digits rows: ``b1`` is beside ``a1``.
The offset is a part of white. Where ``normalize`` is not switched off, divisor and offset are made from the sum. The
operation works in linear light, so GIMP's picture is that of imfilt only where samples are linear.
"""

from __future__ import annotations

import re
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.notations.forms import (
    WHITE,
    centred,
    decimal,
    in_the_middle_of,
    over_divisor,
)
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import Number, to_fraction, to_number

_SIDE = 5
_PROPERTY = re.compile(r"(?<![\w-])([a-e][1-5]|divisor|offset|normalize)[\s=:\"']+([^\s\"',;)]+)")


def recognise(text: str) -> bool:
    """Return whether it names the operation, or gives cells by its names."""
    return "gegl:convolution-matrix" in text or len(set(re.findall(r"(?<![\w-])([a-e][1-5])\s*[= ]", text))) >= 9


def read(text: str) -> Reading:
    """Return the kernel of the properties; what is not said is as GEGL has it: 1 for ``c3``, 0 for the others."""
    given = dict(_PROPERTY.findall(text))
    cells = {
        f"{letter}{digit}": to_number(given.get(f"{letter}{digit}", "0")) for letter in "abcde" for digit in "12345"
    }
    if "c3" not in given:
        cells["c3"] = 1
    laid = [[cells[f"{letter}{digit}"] for letter in "abcde"] for digit in "12345"]
    divisor, offset = (
        to_fraction(to_number(given.get("divisor", "1"))),
        to_fraction(to_number(given.get("offset", "0"))),
    )
    if given.get("normalize", "true").casefold() not in ("false", "no", "0"):
        total = sum(map(to_fraction, cells.values()), Fraction(0))
        divisor = abs(total) or Fraction(1)
        offset = Fraction(0 if total > 0 else 1 if total < 0 else Fraction(1, 2))
    return Reading(Kernel(half_turn(laid), divisor=divisor, bias=offset * WHITE), is_oriented=True)


def write(kernel: Kernel) -> str:
    """Return the operation and its properties, as the command ``gegl`` takes them."""
    weights, divisor = over_divisor(kernel)
    laid = centred(half_turn(weights), kernel.anchor_cell)
    if max(len(laid), len(laid[0])) > _SIDE:
        raise KernelError(f"gimp holds 5 x 5 with the anchor in the middle; this would be {len(laid)} x {len(laid[0])}")
    laid = in_the_middle_of(laid, _SIDE, _SIDE)
    cells: list[tuple[str, Number]] = [
        (f"{letter}{digit}", laid[y][x]) for x, letter in enumerate("abcde") for y, digit in enumerate("12345")
    ]
    numbers = [*cells, ("divisor", divisor), ("offset", to_fraction(kernel.bias) / WHITE)]
    listed = " ".join(f"{name}={decimal(value)}" for name, value in numbers)
    return f"gegl:convolution-matrix {listed} normalize=false alpha-weight=false alpha=false border=clamp\n"

"""G'MIC: an image of weights, and the command ``convolve`` or ``correlate``: https://gmic.eu/reference/convolve.html."""

from __future__ import annotations

import re

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.notations.forms import Rows, centred, decimal, decimal_rows, over_divisor
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import to_fraction, to_number

_IMAGE = re.compile(r"\(([^()]*)\)")
_NUMBER = r"([+-]?[\d.]+(?:e[+-]?\d+)?)"


def recognise(text: str) -> bool:
    """Return whether it begins with an image in parentheses, or has one of the commands after one."""
    return re.match(r"\s*(?:gmic\s.*)?['\"]?\([\s\d.,;e+-]*\)", text, re.IGNORECASE) is not None


def read(text: str) -> Reading:
    """Return the kernel of the first image of weights, and of what is divided, multiplied and added after it."""
    image = _IMAGE.search(text)
    if image is None:
        raise KernelError("no image of weights such as (1,2,1;2,4,2;1,2,1) is in it")
    weights: Rows = [[to_number(cell) for cell in row.split(",")] for row in image[1].split(";")]
    after = text[image.end() :]
    divisor = to_fraction(to_number(_after(after, "div|/", "1")))
    factor = to_fraction(to_number(_after(after, r"mul|\*", "1")))
    if factor == 0:
        raise KernelError("the weights are multiplied by 0")
    if re.search(r"\bcorrelate\b", text):
        weights = half_turn(weights)
    kernel = Kernel(weights, divisor=divisor / factor, bias=_after(after, r"add|\+", "0"))
    return Reading(kernel, is_oriented="convolve" in text or "correlate" in text)


def write(kernel: Kernel) -> str:
    """Return commands for the images before them; where the anchor is not in the middle, with zeros so that it is."""
    weights, divisor = over_divisor(kernel)
    if kernel.anchor:
        weights = half_turn(centred(half_turn(weights), kernel.anchor_cell))
    commands = f"({decimal_rows(weights, between_cells=',', between_rows=';')}) convolve[^-1] [-1],1 remove[-1]"
    if divisor != 1:
        commands += f" div {decimal(divisor)}"
    if kernel.bias:
        commands += f" add {decimal(kernel.bias)}"
    return f"{commands} round cut 0,255\n"


def _after(text: str, command: str, default: str) -> str:
    found = re.search(rf"(?:^|\s)-?(?:{command})\s+{_NUMBER}", text, re.IGNORECASE)
    return found[1] if found else default

"""FFmpeg: the filter ``convolution``, which correlates with whole weights: https://ffmpeg.org/ffmpeg-filters.html.

A square of 3, 5 or 7, or a row or a column of up to 49; ``rdiv`` multiplies the sum (where it is 0, it is 1 over the
sum of the weights), ``bias`` is added and may not be negative. FFmpeg 5.1 takes
no notice of ``rdiv``, and divides by the sum whatever is said.
"""

from __future__ import annotations

import re
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.notations.forms import Rows, centred, decimal, in_the_middle_of, over_whole_divisor
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import to_fraction, to_number

_SQUARES = (3, 5, 7)
_LONGEST_LINE = 49
_LARGEST_SUM = (1 << 31) // 255
_PLANES = range(3)


def recognise(text: str) -> bool:
    """Return whether it names the filter, or one of its options for matrices."""
    return re.search(r"\bconvolution\s*=|\b0m\s*=", text) is not None


def read(text: str) -> Reading:
    """Return the kernel of the first plane."""
    options = _options(text)
    cells = [to_number(cell) for cell in options.get("0m", options.get("m", "")).split()]
    mode = options.get("0mode", "square")
    side = {9: 3, 25: 5, 49: 7}.get(len(cells))
    if mode in ("row", "1") and cells:
        laid = [cells]
    elif mode in ("column", "2") and cells:
        laid = [[cell] for cell in cells]
    elif side and mode in ("square", "0"):
        laid = [cells[y * side : (y + 1) * side] for y in range(side)]
    else:
        raise KernelError(f"{len(cells)} weights make no square of 3, 5 or 7; give 9, 25 or 49, or 0mode=row or column")
    factor = to_fraction(to_number(options.get("0rdiv", "0")))
    total = sum(map(to_fraction, cells))
    divisor = 1 / factor if factor else total or Fraction(1)
    others = {options[key] for key in ("1m", "2m") if key in options} - {options.get("0m")}
    notes = ("the planes have different matrices; that of the first is taken",) if others else ()
    return Reading(
        Kernel(half_turn(laid), divisor=divisor, bias=options.get("0bias", "0")), is_oriented=True, notes=notes
    )


def write(kernel: Kernel) -> str:
    """Return the filter with its options, alike for all planes but alpha."""
    weights, divisor = over_whole_divisor(kernel)
    if sum(abs(weight) for row in kernel.integer_form.weights for weight in row) >= _LARGEST_SUM:
        raise KernelError("ffmpeg holds whole weights whose sum is below 2^23; write them with fewer decimals")
    if kernel.bias < 0:
        raise KernelError("ffmpeg holds no negative bias; use another notation, or a kernel without one")
    laid = centred(half_turn(weights), kernel.anchor_cell)
    rows, columns = len(laid), len(laid[0])
    mode = ""
    if max(rows, columns) > 1 and min(rows, columns) == 1 and max(rows, columns) <= _LONGEST_LINE:
        mode = "row" if rows == 1 else "column"
    else:
        laid = _as_square(laid)
    matrix = " ".join(decimal(weight) for row in laid for weight in row)
    options = {"m": f"'{matrix}'", "rdiv": f"1/{divisor}", "bias": decimal(kernel.bias), "mode": mode}
    listed = ":".join(f"{plane}{key}={value}" for key, value in options.items() if value for plane in _PLANES)
    return f"convolution={listed}\n"


def _as_square(laid: Rows) -> Rows:
    for side in _SQUARES:
        if max(len(laid), len(laid[0])) <= side:
            return in_the_middle_of(laid, side, side)
    raise KernelError(
        f"ffmpeg holds squares of 3, 5 and 7 and lines of up to {_LONGEST_LINE}, with the anchor in the middle; "
        f"this would be {len(laid)} x {len(laid[0])}"
    )


def _options(text: str) -> dict[str, str]:
    """Return the options of the filter: by name, or by place, where the first is the matrix of the first plane."""
    start = re.search(r"\bconvolution\s*=", text)
    listed = re.split(r"[,\]\[;\"]", text[start.end() :] if start else text)[0]
    options = {}
    for place, part in enumerate(re.findall(r"(?:'[^']*'|[^:'])+", listed)):
        name, equals, value = part.partition("=")
        if not equals:
            name, value = f"{place}m" if place < 4 else f"{place - 4}rdiv" if place < 8 else f"{place - 8}bias", part
        options[name.strip()] = value.strip().strip("'").strip()
    return options

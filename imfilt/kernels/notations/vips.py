"""libvips ``.mat`` files: columns, rows, scale and offset, then the matrix, which is correlated.

https://www.libvips.org/API/current/VipsForeignSave.html (matrixsave); `vips_conv` divides by the scale and adds the
offset. With ``--precision integer`` it rounds weights that are not whole, so they are written over a whole divisor.
"""

from __future__ import annotations

import re

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.notations.forms import (
    Rows,
    centred,
    decimal,
    decimal_rows,
    over_divisor,
    over_whole_divisor,
)
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import to_number

_LARGEST_WHOLE = 1 << 31
_SIDE = re.compile("[1-9][0-9]{0,3}")


def recognise(text: str) -> bool:
    """Return whether the first line gives a size that the other lines have, and is not one more row like them."""
    lines = _lines(text)
    if not _is_head(lines[0]):
        return False
    columns, rows = map(int, lines[0][:2])
    is_one_more_row = len(lines[0]) == columns
    return not is_one_more_row and len(lines) == rows + 1 and all(len(line) == columns for line in lines[1:])


def read(text: str) -> Reading:
    """Return the kernel of a ``.mat`` file."""
    lines = _lines(text)
    if not _is_head(lines[0]):
        raise KernelError("the first line must give columns, rows, scale and offset")
    (columns, rows), (scale, offset) = map(int, lines[0][:2]), (*lines[0][2:], *("1", "0")[len(lines[0]) - 2 :])
    cells = [cell for line in lines[1:] for cell in line]
    if len(cells) != rows * columns:
        raise KernelError(f"{len(cells)} numbers where the first line asks for {rows} rows of {columns}")
    matrix = [[to_number(cell) for cell in cells[y * columns : (y + 1) * columns]] for y in range(rows)]
    return Reading(Kernel(half_turn(matrix), divisor=scale, bias=offset), is_oriented=True)


def write(kernel: Kernel) -> str:
    """Return a ``.mat`` file; where the anchor is not in the middle, with zeros so that it is."""
    form = kernel.integer_form
    is_small = max(form.divisor, *(abs(weight) for row in form.weights for weight in row)) < _LARGEST_WHOLE
    weights, divisor = over_whole_divisor(kernel) if is_small else over_divisor(kernel)
    laid: Rows = half_turn(weights)
    if kernel.anchor:
        laid = centred(laid, kernel.anchor_cell)
    head = f"{len(laid[0])} {len(laid)} {decimal(divisor)} {decimal(kernel.bias)}"
    return f"{head}\n{decimal_rows(laid, between_cells=' ', between_rows=chr(10))}\n"


def _lines(text: str) -> list[list[str]]:
    return [line.replace(",", " ").split() for line in text.splitlines() if line.strip()] or [[]]


def _is_head(words: list[str]) -> bool:
    return 2 <= len(words) <= 4 and all(_SIDE.fullmatch(word) for word in words[:2])

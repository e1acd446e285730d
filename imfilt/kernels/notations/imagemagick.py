"""ImageMagick: ``3x3+1+1: 1,2,1 2,4,2 1,2,1`` for ``-morphology Convolve``, with its scale and bias.

https://usage.imagemagick.org/morphology/#user (cells, ``nan``, origin), https://usage.imagemagick.org/convolve/#scaling
(``convolve:scale``: a factor, ``%``, ``!`` and ``^`` for weights that sum to 1, and an addition at the origin),
``convolve:bias``. The origin is a cell of the matrix as it is written, before ``Convolve`` rotates it.
"""

from __future__ import annotations

import re
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.notations.forms import WHITE, Rows, decimal, decimal_rows, over_divisor
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import Number, to_fraction, to_number

_HEAD = re.compile(r"(?<![\w:.])(\d{1,4})(?:x(\d{1,4}))?(?:\+(\d{1,4})\+(\d{1,4}))?([@<>]?)\s*:(?!\S*=)")
_SETTING = r"convolve:%s\s*=?\s*['\"]?([^\s'\"]+)"
_SCALE = re.compile(r"([+-]?[\d.]+(?:e[+-]?\d+)?)?(?:[,x]?([+-]?[\d.]+(?:e[+-]?\d+)?))?", re.IGNORECASE)
_QUANTUM = 65535


def recognise(text: str) -> bool:
    """Return whether there is a size, and a colon after it, or a morphology."""
    return (
        _HEAD.match(text.strip().strip("'\"")) is not None
        or re.search(r"-morphology\s|convolve:scale", text) is not None
    )


def read(text: str) -> Reading:
    """Return the kernel of a command line, or of its kernel alone."""
    head = _HEAD.search(text)
    if head is None:
        raise KernelError(
            "no kernel such as 3x3: 1,2,1 2,4,2 1,2,1 is in it; named ones are not known, so write numbers"
        )
    columns, rows = int(head[1]), int(head[2] or head[1])
    if head[5] or ";" in text[head.end() :]:
        raise KernelError("several kernels, or rotations of one; give one without @, <, > and ;")
    cells = re.split(r"['\"]", text[head.end() :])[0].replace(",", " ").split()
    if len(cells) != rows * columns:
        raise KernelError(f"{len(cells)} numbers where {columns}x{rows} asks for {rows * columns}")
    origin = (int(head[4]), int(head[3])) if head[3] else ((rows - 1) // 2, (columns - 1) // 2)
    if not (origin[0] < rows and origin[1] < columns):
        raise KernelError(f"the origin +{origin[1]}+{origin[0]} is outside the {columns}x{rows} matrix")
    weights: Rows = [[_cell(cell) for cell in cells[y * columns : (y + 1) * columns]] for y in range(rows)]
    weights = _scaled(weights, origin, _setting(text, "scale"))
    anchor: tuple[int, int] | None = (rows - 1 - origin[0], columns - 1 - origin[1])
    if anchor == (rows // 2, columns // 2):
        anchor = None
    if re.search(r"-morphology\s+['\"]?correlate", text, re.IGNORECASE):
        weights, anchor = half_turn(weights), origin
    return Reading(Kernel(weights, bias=_bias(_setting(text, "bias")), anchor=anchor), is_oriented=True)


def write(kernel: Kernel) -> str:
    """Return the options of a command line."""
    weights, divisor = over_divisor(kernel)
    total = sum(to_fraction(weight) for row in weights for weight in row)
    settings = ""
    if divisor != 1:
        scale = "!" if abs(total) == to_fraction(divisor) else decimal(1 / to_fraction(divisor))
        settings += f"-define convolve:scale='{scale}' "
    if kernel.bias:
        settings += f"-define convolve:bias={decimal(to_fraction(kernel.bias) * 100 / WHITE)}% "
    rows, columns = kernel.size
    y, x = kernel.anchor_cell
    cells = decimal_rows(weights, between_cells=",", between_rows=" ")
    return f"{settings}-morphology Convolve '{columns}x{rows}+{columns - 1 - x}+{rows - 1 - y}: {cells}'\n"


def _cell(text: str) -> Number:
    """Return a weight; ``nan`` and ``-`` are cells that are not part of the kernel."""
    return 0 if text.casefold() in ("nan", "-") else to_number(text)


def _setting(text: str, name: str) -> str:
    found = re.search(_SETTING % name, text)
    return found[1] if found else ""


def _scaled(weights: Rows, origin: tuple[int, int], scale: str) -> Rows:
    """Return weights scaled as ``convolve:scale`` asks for it."""
    if not scale:
        return weights
    match = _SCALE.fullmatch(re.sub("[%!^]", "", scale))
    if match is None:
        raise KernelError(f"convolve:scale={scale!r:.40} is no factor; write it as in 0.5, 50%, ! or 1,20%")
    part = Fraction(1, 100) if "%" in scale else Fraction(1)
    factor = to_fraction(to_number(match[1])) * part if match[1] else Fraction(1)
    numbers = [to_fraction(weight) for row in weights for weight in row]
    positive = sum((n for n in numbers if n > 0), Fraction(0))
    negative = -sum((n for n in numbers if n < 0), Fraction(0))
    above = below = Fraction(1)
    if "^" in scale:
        above, below = positive or above, negative or below
    elif "!" in scale:
        above = below = abs(positive - negative) or positive or above
    scaled: list[list[Number]] = [
        [to_fraction(weight) * factor / (above if weight > 0 else below) for weight in row] for row in weights
    ]
    if match[2]:
        at_origin = to_fraction(scaled[origin[0]][origin[1]])
        scaled[origin[0]][origin[1]] = at_origin + to_fraction(to_number(match[2])) * part
    return scaled


def _bias(text: str) -> Fraction:
    """Return a bias in levels of 8 bits, from a part of white or from the 16 bits that ImageMagick counts in."""
    if not text:
        return Fraction(0)
    value = to_fraction(to_number(text.rstrip("%")))
    return value * WHITE / (100 if text.endswith("%") else _QUANTUM)

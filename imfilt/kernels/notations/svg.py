"""SVG: the filter primitive ``feConvolveMatrix``, a convolution.

https://www.w3.org/TR/filter-effects-1/#feConvolveMatrixElement: the matrix is rotated, the target is a cell of it as it
is laid, the divisor is the sum where it is not given (1 where that is 0), and the bias is a part of white.
"""

from __future__ import annotations

import re
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.notations.forms import WHITE, decimal, decimal_rows, over_divisor
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import to_fraction, to_number

_ELEMENT = re.compile(r"<feConvolveMatrix\b([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]++)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)')")
_WHOLE = re.compile(r"\s*[0-9]{1,9}\s*")
_BORDERS = {"wrap": "wrap", "none": "zero"}


def recognise(text: str) -> bool:
    """Return whether the element is there."""
    return _ELEMENT.search(text) is not None


def read(text: str) -> Reading:
    """Return the kernel of the first ``feConvolveMatrix`` of a file or a snippet."""
    element = _ELEMENT.search(text)
    if element is None:
        raise KernelError("no element feConvolveMatrix is in it")
    attributes = {match[1]: match[2] or match[3] or "" for match in _ATTRIBUTE.finditer(element[1])}
    columns, rows = _order(attributes.get("order", "3"))
    words = attributes.get("kernelMatrix", "").replace(",", " ").split()
    if len(words) != rows * columns:
        raise KernelError(f"kernelMatrix has {len(words)} numbers where order asks for {rows * columns}")
    cells = list(map(to_number, words))
    weights = [cells[y * columns : (y + 1) * columns] for y in range(rows)]
    total = sum(map(to_fraction, cells), Fraction(0))
    divisor = attributes["divisor"] if to_number(attributes.get("divisor", "0")) else total or 1
    anchor = (_target(attributes, "targetY", rows), _target(attributes, "targetX", columns))
    kernel = Kernel(
        weights,
        divisor=divisor,
        bias=to_fraction(to_number(attributes.get("bias", "0"))) * WHITE,
        anchor=None if anchor == (rows // 2, columns // 2) else anchor,
    )
    border = _BORDERS.get(attributes.get("edgeMode", ""))
    notes = (f"edgeMode={attributes['edgeMode']!r} is --border {border}",) if border else ()
    return Reading(kernel, is_oriented=True, notes=notes)


def write(kernel: Kernel) -> str:
    """Return the element."""
    weights, divisor = over_divisor(kernel)
    rows, columns = kernel.size
    y, x = kernel.anchor_cell
    attributes = {
        "order": f"{columns} {rows}",
        "kernelMatrix": decimal_rows(weights, between_cells=" ", between_rows="  "),
        "divisor": decimal(divisor),
        "bias": decimal(to_fraction(kernel.bias) / WHITE),
        "targetX": x,
        "targetY": y,
        "edgeMode": "duplicate",
        "preserveAlpha": "true",
        "color-interpolation-filters": "sRGB",
    }
    listed = " ".join(f'{key}="{value}"' for key, value in attributes.items())
    return f"<feConvolveMatrix {listed}/>\n"


def _order(text: str) -> tuple[int, int]:
    words = text.replace(",", " ").split()
    if len(words) not in (1, 2) or not all(_WHOLE.fullmatch(word) and 0 < int(word) <= 1001 for word in words):
        raise KernelError(f"order {text!r:.40} is not one or two whole numbers from 1 on")
    return int(words[0]), int(words[-1])


def _target(attributes: dict[str, str], name: str, side: int) -> int:
    text = attributes.get(name, str(side // 2))
    if not _WHOLE.fullmatch(text):
        raise KernelError(f"{name} {text!r:.40} is no whole number from 0 on")
    return int(text)

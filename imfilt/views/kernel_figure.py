"""A kernel in a figure: its matrix, what it makes of a point, and of waves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from imfilt.analysis.response import frequency_response, impulse_response
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import format_number
from imfilt.views.colours import INK, SIGNED, Colour, signed_colours
from imfilt.views.drawing import (
    FAINT,
    LEAST_CELL,
    LINE,
    MARGIN,
    canvas,
    cell_size,
    draw_cells,
    fitted,
    font,
    scaled_size,
)
from imfilt.views.kernel_text import in_decimals, matrix_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_ROOM = 320
_TITLE, _TEXT, _SMALL = 22, 15, 13
_LEGEND = 14
_GRADIENT = ((13, 8, 60), (140, 41, 110), (240, 130, 50), (252, 250, 200))
"""From no gain to the largest."""
_SAMPLES = _ROOM - 1
"""An odd number, so that there is a middle; with its frame it is as wide as cells with theirs."""


def kernel_figure(kernel: Kernel, title: str) -> Image.Image:
    """Return a figure of a kernel: weights as they are written, impulse response, and gain for waves in all directions.

    A colour is that of the weight over the divisor.
    """
    waves, largest = _waves(kernel)  # which refuses weights that are too large for all three
    matrix = _matrix(kernel)
    point = _signed(impulse_response(kernel))
    panels = [("weights", matrix), ("impulse response", point), ("gain for waves", waves)]
    height = max(panel.height for _, panel in panels)
    width = sum(max(panel.width, 150) for _, panel in panels) + 4 * MARGIN
    image, draw = canvas(width, 4 * MARGIN + _TITLE + _LEGEND + height + 4 * _SMALL)
    divided = "" if kernel.divisor == 1 or in_decimals(kernel) else f" / {format_number(kernel.divisor)}"
    bias = f" + {format_number(kernel.bias)}" if kernel.bias else ""
    heading = f"{title}   {kernel.size[0]} x {kernel.size[1]}{divided}{bias}"
    draw.text((MARGIN, MARGIN), fitted(heading, _TITLE, width - 2 * MARGIN), INK, font(_TITLE))
    left, top = MARGIN, 2 * MARGIN + _TITLE
    for name, panel in panels:
        draw.text((left, top), name, FAINT, font(_TEXT))
        image.paste(panel, (left, top + 24))
        if panel is waves:
            below = top + 24 + panel.height + 6
            for share, text, anchor in ((0, "-1/2", "la"), (0.5, "0", "ma"), (1, "1/2 cycle a sample", "ra")):
                draw.text((left + share * panel.width, below), text, FAINT, font(_SMALL), anchor=anchor)
            _legend(image, (left, below + 22), panel.width)
            draw.text((left, below + 24 + _LEGEND), "0", FAINT, font(_SMALL))
            draw.text((left + panel.width, below + 24 + _LEGEND), f"{largest:.4g}", FAINT, font(_SMALL), anchor="ra")
        left += max(panel.width, 150) + MARGIN
    draw.text((MARGIN, image.height - MARGIN - _SMALL), "red adds, blue takes away", FAINT, font(_SMALL))
    return image


def _matrix(kernel: Kernel) -> Image.Image:
    rows, columns = kernel.size
    form = kernel.integer_form
    side = cell_size(rows, columns, _ROOM)
    if side < LEAST_CELL:
        return _signed(np.array(form.floats()))
    image, _ = canvas(columns * side + 1, rows * side + 1)
    labels = [line.split() for line in matrix_lines(kernel)]
    draw_cells(image, (0, 0), side, signed_colours(form.weights), labels)
    return image


def _signed(numbers: Floats) -> Image.Image:
    """Return numbers as colours, each as a square, or several as one point."""
    largest = np.abs(numbers).max() or 1.0
    image = Image.fromarray(_graded(numbers / largest, SIGNED, low=-1))
    factor = _SAMPLES / max(image.size)
    resampling = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.BOX
    return _framed(image.resize(scaled_size(image.size, factor), resampling))


def _waves(kernel: Kernel) -> tuple[Image.Image, float]:
    """Return the picture of the gain, down and across, and what its brightest point stands for."""
    response = frequency_response(kernel, _SAMPLES)
    largest = float(response.max())
    shares = response / largest if largest else response
    return _framed(Image.fromarray(_graded(shares, _GRADIENT))), largest


def _graded(shares: Floats, gradient: Sequence[Colour], *, low: float = 0) -> NDArray[np.uint8]:
    """Return numbers from `low` to 1 as colours of a gradient."""
    stops = np.linspace(low, 1, len(gradient))
    channels = [np.interp(shares, stops, [colour[c] for colour in gradient]) for c in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _legend(image: Image.Image, place: tuple[int, int], width: int) -> None:
    line = _graded(np.linspace(0, 1, width)[np.newaxis], _GRADIENT)
    image.paste(Image.fromarray(line).resize((width, _LEGEND)), place)


def _framed(image: Image.Image) -> Image.Image:
    framed = Image.new("RGB", (image.width + 2, image.height + 2), LINE)
    framed.paste(image, (1, 1))
    return framed

"""What figures are drawn with: colours, letters, and cells with numbers in them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from imfilt.views.colours import PAPER, Colour, ink_on
from imfilt.views.plain import printable

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

FAINT: Colour = (104, 108, 116)
LINE: Colour = (205, 208, 214)
MARK: Colour = (214, 64, 20)

MARGIN = 24
LEAST_CELL = 14
"""Pixels from side to side of a cell in which a number can be read."""
_SMALLEST_TEXT, _LARGEST_TEXT = 9, 18


@cache
def font(size: int) -> Font:
    """Return Pillow's built-in letters in a size of so many pixels."""
    return ImageFont.load_default(size)


def text_width(text: str, size: int) -> int:
    """Return how many pixels wide a text is."""
    return round(font(size).getlength(text))


def fitted(text: str, size: int, width: int) -> str:
    """Return a text, cut at its end with … where it is wider than `width` pixels; line ends and the like as escapes."""
    text = printable(text)
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return columns and rows that are `scale` times as many, one of each at least.

    >>> scaled_size((300, 2), 0.1)
    (30, 1)
    """
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def cell_size(rows: int, columns: int, room: int) -> int:
    """Return how many pixels a cell may take where the longer side is to be about `room`."""
    return max(min(room // max(rows, columns), 64), 1)


def draw_cells(
    image: Image.Image,
    place: tuple[int, int],
    side: int,
    colours: Sequence[Sequence[Colour]],
    labels: Sequence[Sequence[str]],
) -> None:
    """Draw a grid of cells of `side` pixels; labels are left out where they would be too small to read."""
    if side < LEAST_CELL:
        grid = Image.new("RGB", (len(colours[0]), len(colours)))
        grid.putdata([colour for row in colours for colour in row])
        image.paste(grid.resize((grid.width * side, grid.height * side), Image.Resampling.NEAREST), place)
        return
    draw = ImageDraw.Draw(image)
    longest = max((label for row in labels for label in row), key=len)
    size = next((n for n in range(_LARGEST_TEXT, 0, -1) if text_width(longest, n) <= side - 6 and n <= side - 4), 0)
    for i, row in enumerate(colours):
        for j, colour in enumerate(row):
            left, top = place[0] + j * side, place[1] + i * side
            draw.rectangle((left, top, left + side, top + side), fill=colour, outline=LINE)
            if size >= _SMALLEST_TEXT:
                middle = left + side / 2, top + side / 2
                draw.text(middle, labels[i][j], ink_on(colour), font(size), anchor="mm")


def canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return an empty sheet, and what draws on it."""
    image = Image.new("RGB", (width, height), PAPER)
    return image, ImageDraw.Draw(image)


def png_of(figure: Image.Image) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    stream = io.BytesIO()
    figure.save(stream, "PNG")
    return stream.getvalue()

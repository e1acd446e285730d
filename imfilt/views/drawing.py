"""What figures are drawn with: colours, letters, and cells with numbers in them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from imfilt.kernels.numbers import Number, to_fraction

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PAPER: Colour = (255, 255, 255)
INK: Colour = (28, 30, 34)
FAINT: Colour = (120, 124, 132)
LINE: Colour = (205, 208, 214)
MARK: Colour = (214, 64, 20)
_NEGATIVE: Colour = (33, 102, 172)
_POSITIVE: Colour = (178, 60, 30)
_NEUTRAL: Colour = (247, 247, 247)

MARGIN = 24
_SMALLEST_TEXT, _LARGEST_TEXT = 9, 18


@cache
def font(size: int) -> Font:
    """Return Pillow's built-in letters in a size of so many pixels."""
    return ImageFont.load_default(size)


def text_width(text: str, size: int) -> int:
    """Return how many pixels wide a text is."""
    return round(font(size).getlength(text))


def fitted(text: str, size: int, width: int) -> str:
    """Return a text, cut at its end with … where it is wider than `width` pixels."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


def signed_colours(numbers: Sequence[Sequence[Number]]) -> list[list[Colour]]:
    """Return blue for numbers below 0, red for those above, and near white for 0."""
    exact = [[to_fraction(number) for number in row] for row in numbers]
    largest = max(abs(number) for row in exact for number in row) or Fraction(1)
    return [[signed_colour(float(number / largest)) for number in row] for row in exact]


def signed_colour(value: float) -> Colour:
    """Return the colour of a number from -1 to 1."""
    share = abs(value)
    end = _NEGATIVE if value < 0 else _POSITIVE
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(_NEUTRAL, end, strict=True))
    return red, green, blue


def ink_on(colour: Colour) -> Colour:
    """Return the colour of letters that can be read on `colour` (relative luminance as in ITU-R BT.601)."""
    return INK if 299 * colour[0] + 587 * colour[1] + 114 * colour[2] > 140_000 else PAPER


def cell_size(rows: int, columns: int, room: int) -> int:
    """Return how many pixels a cell may take where the longer side is to be about `room`."""
    return max(min(room // max(rows, columns), 64), 4)


def draw_cells(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    side: int,
    colours: Sequence[Sequence[Colour]],
    labels: Sequence[Sequence[str]],
) -> None:
    """Draw a grid of cells of `side` pixels; labels are left out where they would be too small to read."""
    longest = max((label for row in labels for label in row), key=len)
    size = next((n for n in range(_LARGEST_TEXT, 0, -1) if text_width(longest, n) <= side - 6 and n <= side - 4), 0)
    for i, row in enumerate(colours):
        for j, colour in enumerate(row):
            left, top = place[0] + j * side, place[1] + i * side
            edge = LINE if side > 8 else colour
            draw.rectangle((left, top, left + side, top + side), fill=colour, outline=edge)
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

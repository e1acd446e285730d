"""A picture before and after, as large as a terminal has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from imfilt.batch.filtering import filter_picture
from imfilt.engine.recipes.recipe import Recipe
from imfilt.quick import NamedTuple
from imfilt.views.seen import as_seen, reduced, size_note

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

Colour = tuple[int, int, int]

GAP = 2
"""Columns between two pictures that stand side by side."""
_LEAST = 4
_SHADES = " .:-=+*#%@"


class Layout(NamedTuple):
    """Where two pictures stand in a terminal, and how much room each has."""

    is_beside: bool
    columns: int
    rows: int
    """Of letters; each is as high as two pixels."""


class Preview(NamedTuple):
    """Two pictures, and what they are shown as."""

    before: Image.Image
    after: Image.Image
    note: str


def lay_out(size: tuple[int, int], columns: int, rows: int) -> Layout:
    """Return how two pictures of `size` (columns, rows) are shown largest in a terminal, with a line above each.

    >>> lay_out((100, 100), 80, 24), lay_out((400, 100), 80, 40)
    (Layout(is_beside=True, columns=39, rows=22), Layout(is_beside=False, columns=80, rows=18))
    """
    beside = Layout(True, max((columns - GAP) // 2, _LEAST), max(rows - 2, _LEAST))
    below = Layout(False, max(columns, _LEAST), max((rows - 4) // 2, _LEAST))
    return max((beside, below), key=lambda layout: min(layout.columns / size[0], 2 * layout.rows / size[1]))


def make_preview(picture: AnyPicture, recipe: Recipe, room: tuple[int, int]) -> Preview:
    """Return a picture and what the recipe makes of it, both so small that they fit into `room` (columns, rows) pixels.

    A larger picture is reduced first, and the kernels work on what is left, as they can be seen then.
    """
    small = reduced(picture, room)
    filtered, _ = filter_picture(small, recipe)
    return Preview(as_seen(small, room), as_seen(filtered, room), size_note(picture, small))


def in_whole_cells(image: Image.Image, cell: tuple[int, int]) -> Image.Image:
    """Return an image with so much room at its right and below, clear, that it takes whole cells of `cell` pixels.

    A terminal would stretch it otherwise.
    """
    width, height = (-(-length // step) * step for length, step in zip(image.size, cell, strict=True))
    whole = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    whole.paste(image)
    return whole


def half_blocks(image: Image.Image) -> list[list[tuple[Colour | None, Colour | None]]]:
    """Return the colours of the upper and the lower half of each letter; below a last odd row there is nothing."""
    levels = iter(image.tobytes())
    colours: list[Colour] = list(zip(levels, levels, levels, strict=True))
    rows: list[list[Colour | None]] = [
        list(colours[start : start + image.width]) for start in range(0, len(colours), image.width)
    ]
    below: list[list[Colour | None]] = [*rows[1::2], [None] * image.width]
    return [list(zip(above, under, strict=True)) for above, under in zip(rows[::2], below, strict=False)]


def shades(image: Image.Image) -> list[str]:
    """Return an image as letters that are the denser the brighter it is, two rows of pixels in one of letters."""
    size = image.width, max((image.height + 1) // 2, 1)
    grey = image.convert("L").resize(size, Image.Resampling.BOX)
    levels = grey.tobytes()
    lines = (levels[start : start + size[0]] for start in range(0, len(levels), size[0]))
    return ["".join(_SHADES[level * len(_SHADES) // 256] for level in line) for line in lines]

"""A contact sheet: a picture, and what each of several kernels makes of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

from PIL import Image

from imfilt.batch.filtering import filter_picture
from imfilt.engine.recipes.recipe import Recipe
from imfilt.errors import UsageError
from imfilt.quick import NamedTuple
from imfilt.views.colours import INK
from imfilt.views.drawing import FAINT, LINE, MARGIN, canvas, fitted, font
from imfilt.views.seen import as_seen, reduced, size_note

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_WIDTH = 1600
"""What a sheet is about as wide as, in pixels."""
_BEST_SHAPE = 1.5
_CELLS = range(180, 760)
"""How wide a cell may be where it is not asked for."""
_MOST_PIXELS = 100_000_000
_GAP = 20
_TITLE = 22
_LABELS = range(12, 20)


class Grid(NamedTuple):
    """How the cells of a sheet lie: a picture fits into a cell, and the label is below it."""

    columns: int
    rows: int
    cell: tuple[int, int]
    label: int
    """The size of its letters."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole sheet."""
        width = 2 * MARGIN + self.columns * self.cell[0] + (self.columns - 1) * _GAP
        height = 3 * MARGIN + _TITLE + self.rows * (self.cell[1] + 2 * self.label) + (self.rows - 1) * _GAP
        return width, height

    def place(self, number: int) -> tuple[int, int]:
        """Return the upper left corner of a cell."""
        row, column = divmod(number, self.columns)
        top = 2 * MARGIN + _TITLE + row * (self.cell[1] + 2 * self.label + _GAP)
        return MARGIN + column * (self.cell[0] + _GAP), top


def lay_out(count: int, size: tuple[int, int], *, columns: int | None = None, cell: int | None = None) -> Grid:
    """Return a grid for so many pictures of `size` (columns, rows): a sheet near to 3 : 2 with little left empty.

    `columns` and `cell`, the width of a cell in pixels, are chosen where they are not given. Raises `UsageError` where
    the sheet would be too large.
    """
    wanted = [min(columns, count)] if columns else range(1, count + 1)
    tried = [_grid(count, size, number, cell) for number in wanted]
    best = min(
        tried,
        key=lambda grid: (
            max(grid.size[0] / grid.size[1] / _BEST_SHAPE, _BEST_SHAPE * grid.size[1] / grid.size[0])
            * (grid.rows * grid.columns / count)
        ),
    )
    if math.prod(best.size) > _MOST_PIXELS:
        width, height = best.size
        raise UsageError(f"a sheet of {width} x {height} pixels is too large; make --cell smaller than {best.cell[0]}")
    return best


def _grid(count: int, size: tuple[int, int], columns: int, cell: int | None) -> Grid:
    room = min((_WIDTH - 2 * MARGIN + _GAP) // columns - _GAP, _CELLS.stop)
    shown = size[0] * max(room // size[0], 1)  # a small picture is scaled by a whole factor
    width = cell or max(min(room, shown), _CELLS.start)
    height = min(max(round(width * size[1] / size[0]), width // 4), 2 * width)
    label = min(max(width // 16, _LABELS.start), _LABELS.stop)
    return Grid(columns, -(-count // columns), (width, height), label)


def sheet(
    picture: AnyPicture, recipes: Sequence[Recipe], title: str, *, columns: int | None = None, cell: int | None = None
) -> tuple[Image.Image, str]:
    """Return the sheet of a picture and of what each recipe makes of it, and a note of what is shown.

    A picture larger than a cell is reduced first, and the kernels work on what is left, as they can be seen then.
    """
    rows, across, _ = picture.shape
    grid = lay_out(len(recipes) + 1, (across, rows), columns=columns, cell=cell)
    small = reduced(picture, grid.cell)
    shown = [
        ("original", small),
        *zip(_names(recipes), (filter_picture(small, each)[0] for each in recipes), strict=True),
    ]
    note = size_note(picture, small)
    image, draw = canvas(*grid.size)
    heading = fitted(f"{title}   {note}", _TITLE, grid.size[0] - 2 * MARGIN)
    draw.text((MARGIN, MARGIN), heading, INK, font(_TITLE))
    for number, (name, result) in enumerate(shown):
        tile = as_seen(result, grid.cell)
        left, top = grid.place(number)
        at = left + (grid.cell[0] - tile.width) // 2, top + (grid.cell[1] - tile.height) // 2
        image.paste(tile, at)
        draw.rectangle((at[0] - 1, at[1] - 1, at[0] + tile.width, at[1] + tile.height), outline=LINE)
        middle = left + grid.cell[0] / 2, top + grid.cell[1] + grid.label
        draw.text(
            middle, fitted(name, grid.label, grid.cell[0]), INK if number else FAINT, font(grid.label), anchor="mm"
        )
    return image, note


def _names(recipes: Sequence[Recipe]) -> list[str]:
    """Return the names of the kernels, numbered where several have the same."""
    names = [recipe.kernels[0].name for recipe in recipes]
    numbers = {name: count(1) for name, times in Counter(names).items() if times > 1}
    return [f"{name} {next(numbers[name])}" if name in numbers else name for name in names]

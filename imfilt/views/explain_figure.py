"""One output sample explained in a figure: where it lies, and cell by cell what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from imfilt.kernels.numbers import Number
from imfilt.views.colours import INK, Colour, signed_colours
from imfilt.views.drawing import (
    FAINT,
    LEAST_CELL,
    LINE,
    MARGIN,
    MARK,
    canvas,
    cell_size,
    draw_cells,
    fitted,
    font,
    scaled_size,
    text_width,
)
from imfilt.views.exact import short_cells
from imfilt.views.explain import Channel, Explanation, sums_of, window_name
from imfilt.views.seen import as_seen

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_GRID = 230
_TITLE, _TEXT, _SMALL = 22, 15, 13
_LEADING = 22
_CAPTION = 20
_LEAST_STEP = 170
_SIGNS = "x", "="
_SIGN_ROOM = 44
_BORDER = 2
_PICTURE = 230


def explanation_figure(explanation: Explanation, picture: AnyPicture, title: str) -> Image.Image:
    """Return a figure of an explanation: the place in the picture, then each channel's window, weights and products."""
    rows, columns = len(explanation.channels[0].account.weights), len(explanation.channels[0].account.weights[0])
    side = cell_size(rows, columns, _GRID)
    grid = columns * side, rows * side
    lines = [sums_of(channel, explanation.recipe) for channel in explanation.channels]
    names = max(text_width(name, _TEXT) for steps in lines for name, _ in steps) + 16
    values = max(text_width(value, _TEXT) for steps in lines for _, value in steps)
    band = max(_CAPTION + grid[1], _LEADING * (1 + max(map(len, lines)))) + MARGIN
    thumbnail = _place_in(picture, explanation, _PICTURE)
    left = 2 * MARGIN + thumbnail.width
    width = left + 3 * max(grid[0], _LEAST_STEP) + 2 * _SIGN_ROOM + MARGIN + names + values + MARGIN
    height = 4 * MARGIN + _TITLE + max(band * len(explanation.channels), thumbnail.height + 5 * _LEADING)
    image, draw = canvas(width, height)
    heading = fitted(f"{title}: column {explanation.x}, row {explanation.y}", _TITLE, width - 2 * MARGIN)
    draw.text((MARGIN, MARGIN), heading, INK, font(_TITLE))
    top = 2 * MARGIN + _TITLE + 4
    image.paste(thumbnail, (MARGIN, top + _CAPTION))
    recipe = explanation.recipe
    notes = [*(kernel.name for kernel in recipe.kernels), "as it is written" if recipe.correlate else "rotated by 180°"]
    notes.append(f"border: {recipe.border}")
    below = top + _CAPTION + thumbnail.height + 8
    for note in notes:
        draw.text((MARGIN, below), fitted(note, _SMALL, thumbnail.width), FAINT, font(_SMALL))
        below += 18
    if any(any(row) for channel in explanation.channels for row in channel.account.beyond):
        if side >= LEAST_CELL:
            _draw_corner(draw, (MARGIN, below + 3), 30)
            draw.text((MARGIN + 16, below), "beyond the border", FAINT, font(_SMALL))
        else:
            draw.line((MARGIN, below + 8, MARGIN + 10, below + 8), fill=MARK, width=_BORDER)
            draw.text((MARGIN + 16, below), "the border", FAINT, font(_SMALL))
    for channel, steps in zip(explanation.channels, lines, strict=True):
        _draw_channel(image, channel, explanation, (left, top), side)
        text = left + 3 * max(grid[0], _LEAST_STEP) + 2 * _SIGN_ROOM + MARGIN
        for number, (name, value) in enumerate(steps):
            line = top + _CAPTION + number * _LEADING
            draw.text((text, line), name, FAINT, font(_TEXT))
            draw.text((text + names, line), value, INK, font(_TEXT))
        top += band
    return image


def _draw_channel(
    image: Image.Image, channel: Channel, explanation: Explanation, place: tuple[int, int], side: int
) -> None:
    draw, account = ImageDraw.Draw(image), channel.account
    columns, rows = len(account.weights[0]) * side, len(account.weights) * side
    heading = f"{channel.name}: {window_name(account, explanation.recipe)}"
    blocks: tuple[tuple[str, Sequence[Sequence[Number]], list[list[Colour]]], ...] = (
        (heading, account.window, _greys(account.window, white=explanation.white)),
        ("weights", account.weights, signed_colours(account.weights, account.divisor)),
        ("products", account.products, signed_colours(account.products, account.divisor)),
    )
    step = max(columns, _LEAST_STEP) + _SIGN_ROOM
    for number, (name, numbers, colours) in enumerate(blocks):
        left, top = place[0] + number * step, place[1]
        draw.text((left, top), fitted(name, _SMALL, step - 8), FAINT, font(_SMALL))
        draw_cells(image, (left, top + _CAPTION), side, colours, short_cells(numbers))
        if number < len(_SIGNS):
            at = left + (columns + step) / 2, top + _CAPTION + rows / 2
            draw.text(at, _SIGNS[number], INK, font(_TITLE), anchor="mm")
    _mark_beyond(draw, account.beyond, (place[0], place[1] + _CAPTION), side)


def _mark_beyond(
    draw: ImageDraw.ImageDraw, beyond: Sequence[Sequence[bool]], place: tuple[int, int], side: int
) -> None:
    """Mark the cells that lie beyond the border; where they are small, the border itself."""
    for i, row in enumerate(beyond):
        for j, is_beyond in enumerate(row):
            left, top = place[0] + j * side, place[1] + i * side
            if side >= LEAST_CELL:
                if is_beyond:
                    _draw_corner(draw, (left, top), side)
                continue
            if j and is_beyond != row[j - 1]:
                draw.line((left, top, left, top + side), fill=MARK, width=_BORDER)
            if i and is_beyond != beyond[i - 1][j]:
                draw.line((left, top, left + side, top), fill=MARK, width=_BORDER)


def _draw_corner(draw: ImageDraw.ImageDraw, place: tuple[int, int], side: int) -> None:
    """Mark a cell that lies beyond the border."""
    (left, top), length = place, max(side // 3, 3)
    draw.polygon([(left, top), (left + length, top), (left, top + length)], fill=MARK)


def _greys(window: Sequence[Sequence[Fraction]], *, white: int) -> list[list[Colour]]:
    """Return samples as greys; numbers that are no samples are brought into the range that there is."""
    numbers = [number for row in window for number in row]
    low, high = min(Fraction(0), *numbers), max(Fraction(white), *numbers)
    levels = [[round(float((number - low) / (high - low) * 255)) for number in row] for row in window]
    return [[(level, level, level) for level in row] for row in levels]


def _place_in(picture: AnyPicture, explanation: Explanation, room: int) -> Image.Image:
    """Return a small copy of the picture in which the window is marked."""
    seen = as_seen(picture)
    scale = room / max(seen.size)
    small = seen.resize(
        scaled_size(seen.size, scale), Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    )
    draw = ImageDraw.Draw(small)
    down, across = explanation.reach
    box = [across.start * scale, down.start * scale, across.stop * scale, down.stop * scale]
    grown = max(6 - (box[2] - box[0]) / 2, 0), max(6 - (box[3] - box[1]) / 2, 0)  # a mark that can be seen
    box = [box[0] - grown[0], box[1] - grown[1], box[2] + grown[0], box[3] + grown[1]]
    draw.rectangle([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1], outline=(255, 255, 255))
    draw.rectangle(box, outline=MARK, width=2)
    draw.rectangle([0, 0, small.width - 1, small.height - 1], outline=LINE)
    return small

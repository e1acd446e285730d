"""A kernel on its way: the window slides over the picture, and the result grows sample by sample."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from imfilt.analysis.account import Account, account_for
from imfilt.batch.filtering import filter_picture
from imfilt.engine.planning.plan import Plan
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.running.run import measure_rows
from imfilt.errors import RecipeError
from imfilt.images.rows import rows_of
from imfilt.images.samples import samples_of
from imfilt.quick import NamedTuple
from imfilt.views.colours import INK, Colour, signed_colours
from imfilt.views.drawing import FAINT, MARGIN, MARK, canvas, cell_size, draw_cells, fitted, font
from imfilt.views.exact import decimal, short_cells, short_number
from imfilt.views.seen import as_seen

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_ROWS, _COLUMNS = 8, 12
"""So many samples of the result are made before the eyes."""
_ROOM, _WEIGHTS_ROOM = 360, 140
_CAPTION = 22
_TEXT = 15
_FRAME_MS, _LAST_MS = 120, 2500
_COLOURS = 256


class _Part(NamedTuple):
    """The samples of the result that are made, and those of the picture that they look at."""

    rows: range
    columns: range
    rows_in: range
    columns_in: range


def film(picture: AnyPicture, recipe: Recipe, x: int, y: int) -> bytes:
    """Return an animated GIF of how the samples around column `x` and row `y` of the result come about.

    Raises `RecipeError` for several kernels in a row, whose windows lie over no picture.
    """
    if len(recipe.kernels) > 1:
        raise RecipeError("--gif shows one kernel on its way over the picture; give one -k or -m")
    filtered, plan = filter_picture(picture, recipe)
    plan = plan._replace(shape=picture.shape)
    extremes = measure_rows(plan, rows_of(picture)) if recipe.normalisation.measures else None
    samples = samples_of(picture)
    part = _part_around(plan, y, x)
    inputs, outputs = _cells_under(as_seen(picture), plan, part), as_seen(filtered)
    account = account_for(plan, samples, (part.rows[0], part.columns[0]), extremes)[0]
    stage = _Stage(plan, part, inputs, account)
    frames, durations = [], []
    for row in part.rows:
        for column in part.columns:
            account = account_for(plan, samples, (row, column), extremes)[0]
            colour = outputs.getpixel((column, row))
            frames.append(stage.with_sample(row, column, colour, account))  # type: ignore[arg-type]
            durations.append(_FRAME_MS)
    durations[-1] = _LAST_MS
    palette = frames[-1].quantize(_COLOURS)
    shown = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    stream = io.BytesIO()
    shown[0].save(stream, "GIF", save_all=True, append_images=shown[1:], duration=durations, loop=0)
    return stream.getvalue()


class _Stage:
    """Input, weights and output side by side; every frame is drawn over the last."""

    def __init__(self, plan: Plan, part: _Part, inputs: list[list[Colour]], account: Account) -> None:
        self._axes = plan.chains[0].stages[-1].down, plan.chains[0].stages[-1].across
        self._part = part
        self._side = cell_size(len(part.rows_in), len(part.columns_in), _ROOM)
        weights = account.weights
        weight_side = cell_size(len(weights), len(weights[0]), _WEIGHTS_ROOM)
        left = MARGIN
        self._input = left, MARGIN + _CAPTION
        left += len(part.columns_in) * self._side + MARGIN
        weights_at = left, MARGIN + _CAPTION
        left += max(len(weights[0]) * weight_side, 60) + MARGIN
        self._output = left, MARGIN + _CAPTION
        width = left + len(part.columns) * self._side + MARGIN
        self._text_top = 2 * MARGIN + _CAPTION + max(len(part.rows_in) * self._side, len(weights) * weight_side)
        self._image, draw = canvas(max(width, 480), self._text_top + 2 * _CAPTION + MARGIN)
        for name, at in (("picture", self._input[0]), ("weights", weights_at[0]), ("result", self._output[0])):
            draw.text((at, MARGIN), name, FAINT, font(_TEXT))
        draw_cells(self._image, self._input, self._side, inputs, [[""] * len(row) for row in inputs])
        draw_cells(self._image, weights_at, weight_side, signed_colours(weights, account.divisor), short_cells(weights))
        self._mark_border(draw)
        self._draw_grid(draw)

    def with_sample(self, row: int, column: int, colour: Colour, account: Account) -> Image.Image:
        """Return the picture with one more sample of the result, and the window that made it."""
        side, (left, top) = self._side, self._output
        at = left + (column - self._part.columns[0]) * side, top + (row - self._part.rows[0]) * side
        ImageDraw.Draw(self._image).rectangle((*at, at[0] + side, at[1] + side), fill=colour)
        frame = self._image.copy()
        draw = ImageDraw.Draw(frame)
        draw.rectangle((*at, at[0] + side, at[1] + side), outline=MARK, width=2)
        down, across = (axis.inputs(place, place + 1) for axis, place in zip(self._axes, (row, column), strict=True))
        box = (
            self._input[0] + (across.start - self._part.columns_in.start) * side,
            self._input[1] + (down.start - self._part.rows_in.start) * side,
            self._input[0] + (across.stop - self._part.columns_in.start) * side,
            self._input[1] + (down.stop - self._part.rows_in.start) * side,
        )
        draw.rectangle(box, outline=MARK, width=3)
        divided = f" / {short_number(account.divisor)}" if account.divisor != 1 else ""
        added = f" + {short_number(account.bias)}" if account.bias else ""
        draw.text((MARGIN, self._text_top), f"column {column}, row {row}", FAINT, font(_TEXT))
        sums = f"first channel: {short_number(account.sum)}{divided}{added} = {decimal(account.exact)}"
        told = fitted(f"{sums}, so {account.output:.6g}", _TEXT, frame.width - 2 * MARGIN)
        draw.text((MARGIN, self._text_top + _CAPTION), told, INK, font(_TEXT))
        return frame

    def _mark_border(self, draw: ImageDraw.ImageDraw) -> None:
        """Draw a line where the picture ends."""
        part, side = self._part, self._side
        left, top = self._input
        right, bottom = left + len(part.columns_in) * side, top + len(part.rows_in) * side
        lines = []
        for edge in (0, self._axes[1].length):
            if part.columns_in.start < edge < part.columns_in.stop:
                at = left + (edge - part.columns_in.start) * side
                lines.append((at, top, at, bottom))
        for edge in (0, self._axes[0].length):
            if part.rows_in.start < edge < part.rows_in.stop:
                at = top + (edge - part.rows_in.start) * side
                lines.append((left, at, right, at))
        for line in lines:
            draw.line(line, fill=INK, width=2)

    def _draw_grid(self, draw: ImageDraw.ImageDraw) -> None:
        left, top = self._output
        right, bottom = left + len(self._part.columns) * self._side, top + len(self._part.rows) * self._side
        draw.rectangle((left, top, right, bottom), outline=FAINT)


def _part_around(plan: Plan, y: int, x: int) -> _Part:
    """Return the part of the result around a sample, as far as there is one."""
    last = plan.chains[0].stages[-1]
    rows = _around(y, _ROWS, plan.output_shape[0])
    columns = _around(x, _COLUMNS, plan.output_shape[1])
    return _Part(
        rows, columns, last.down.inputs(rows.start, rows.stop), last.across.inputs(columns.start, columns.stop)
    )


def _around(place: int, count: int, length: int) -> range:
    count = min(count, length)
    start = min(max(place - count // 2, 0), length - count)
    return range(start, start + count)


def _cells_under(seen: Image.Image, plan: Plan, part: _Part) -> list[list[Colour]]:
    """Return the colours of the samples that are looked at, those beyond the border as the rule has them."""
    rule, last = plan.recipe.border_rule, plan.chains[0].stages[-1]
    level = round(float(rule.level) * 255 / plan.samples.largest)
    constant = (min(max(level, 0), 255),) * 3

    rows = [rule.border.source(at, last.down.length) for at in part.rows_in]
    columns = [rule.border.source(at, last.across.length) for at in part.columns_in]
    return [
        [constant if x is None or y is None else seen.getpixel((x, y)) for x in columns]  # type: ignore[misc]
        for y in rows
    ]

"""``imfilt preview``: before and after, in the terminal."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from imfilt.cli.command import option
from imfilt.cli.kernels import KernelCommand
from imfilt.cli.printing import standard_output
from imfilt.cli.recipe import chosen_recipe, recipe_options
from imfilt.cli.source import called, frame_option, max_pixels_option, open_picture
from imfilt.errors import UsageError
from imfilt.quick import NamedTuple
from imfilt.views.plain import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.console import Console, RenderableType

EXAMPLES = """
imfilt preview car.jpg -k edge3                  before and after
imfilt preview car.jpg -k gaussian5 -k edge3     kernels in a row
"""

_WITHOUT_PIXELS = ("dumb", "linux", "screen", "tmux", "vt")
_MOST_CELLS = 297
"""The longest side that the protocol of kitty numbers."""
_LEAST_NAME = 20


class _Pixels(NamedTuple):
    """How a terminal shows pixels."""

    image: Any
    """What Rich renders, made of an image of Pillow."""
    cell: tuple[int, int]
    """Columns and rows of pixels that a letter takes."""


@click.command("preview", cls=KernelCommand, examples=EXAMPLES)
@click.argument("image", metavar="IMAGE", type=click.Path(readable=False))
@recipe_options(without=("depth",))
@option("Output", "--blocks", is_flag=True, help="Half blocks, even where the terminal can show pixels.")
@frame_option
@max_pixels_option
@click.pass_context
def preview(context: click.Context, /, image: str, *, blocks: bool, **options: Any) -> None:
    """Show IMAGE in the terminal, before and after.

    A large picture is reduced first, and the kernels work on the reduced copy. Half blocks in colour do in every
    terminal; with the extra imfilt[graphics] there are pixels in those that can show them, by the protocol of kitty or
    as sixels. With NO_COLOR the pictures are drawn in letters.
    """
    if not standard_output().isatty():
        raise UsageError("a preview is for a terminal; 'imfilt sheet' draws before and after into a file")
    recipe = chosen_recipe(context, options)
    picture = open_picture(image, max_pixels=options["max_pixels"], frame=options["frame"])
    from rich.console import Console

    from imfilt.views.preview import lay_out, make_preview

    window = shutil.get_terminal_size()
    columns, lines = (min(length, _MOST_CELLS) for length in window)
    layout = lay_out((picture.shape[1], picture.shape[0]), columns, lines - 1)
    has_colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    pixels = _pixel_graphics() if has_colours and not blocks else None
    cell = pixels.cell if pixels else (1, 2)
    shown = make_preview(picture, recipe, (layout.columns * cell[0], layout.rows * cell[1]))
    console = Console(color_system="auto" if has_colours else None, highlight=False)
    drawn = [_drawn(each, pixels, console) for each in (shown.before, shown.after)]
    width = min(max(-(-max(shown.before.width, shown.after.width) // cell[0]), _LEAST_NAME), layout.columns)
    names = "before", f"after {', '.join(kernel.name for kernel in recipe.kernels)}"
    _print(console, [printable(name) for name in names], drawn, width if layout.is_beside else None)
    console.print(printable(f"{called(image)}: {shown.note}"), style="dim" if has_colours else "", markup=False)


def _pixel_graphics() -> _Pixels | None:
    """Return what shows pixels in this terminal, by asking it; None where nothing does."""
    if os.environ.get("TERM", "dumb").startswith(_WITHOUT_PIXELS):
        return None
    with suppress(ImportError):
        from textual_image._terminal import get_cell_size
        from textual_image.renderable import Image, SixelImage, TGPImage

        return _Pixels(Image, get_cell_size()) if Image in (SixelImage, TGPImage) else None
    return None


def _drawn(image: Image, pixels: _Pixels | None, console: Console) -> RenderableType:
    from rich.text import Text

    from imfilt.views.preview import half_blocks, in_whole_cells, shades

    if pixels:
        return pixels.image(in_whole_cells(image, pixels.cell))  # type: ignore[no-any-return]
    if console.color_system is None:
        return Text("\n".join(shades(image)), no_wrap=True)
    from rich.color import Color
    from rich.style import Style

    text = Text(no_wrap=True, end="")
    for number, row in enumerate(half_blocks(image)):
        text.append("\n" if number else "")
        for above, below in row:
            upper, lower = (Color.from_rgb(*colour) if colour else None for colour in (above, below))
            text.append("▀", Style(color=upper, bgcolor=lower))
    return text


def _print(console: Console, names: list[str], drawn: list[RenderableType], beside: int | None) -> None:
    """Print the pictures one below the other, or side by side in so many columns each."""
    from rich.table import Table
    from rich.text import Text

    if beside is None:
        for name, picture in zip(names, drawn, strict=True):
            console.print(Text(name, no_wrap=True, overflow="ellipsis"))
            console.print(picture)
        return
    from imfilt.views.preview import GAP

    table = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    for _ in names:
        table.add_column(width=beside, no_wrap=True)
    table.add_row(*(Text(name, no_wrap=True, overflow="ellipsis") for name in names))
    table.add_row(*drawn)
    console.print(table)

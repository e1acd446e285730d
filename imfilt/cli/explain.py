"""``imfilt explain``: how one sample of a result comes about."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click

from imfilt.cli.command import option
from imfilt.cli.figures import check_figures, figure_option, overwrite_option, write_figure
from imfilt.cli.kernels import KernelCommand
from imfilt.cli.printing import standard_output
from imfilt.cli.recipe import chosen_recipe, recipe_options
from imfilt.cli.source import called, frame_option, max_pixels_option, open_picture
from imfilt.errors import UsageError
from imfilt.views.plain import printable

EXAMPLES = """
imfilt explain car.jpg 120 80 -k gaussian3         column 120, row 80
imfilt explain car.jpg 0 0 -k edge3 --border zero  a corner, and beyond
imfilt explain car.jpg 9 9 -k edge3 --gif e.gif    the kernel on its way
imfilt explain car.jpg 9 9 -k edge3 --json         everything, for a program
"""

EXPLAINED = ("like", "border", "size", "stride", "dilation", "anchor", "correlate", "normalize", "alpha", "depth")
"""The options that an explanation accounts for."""


class _Explain(KernelCommand):
    """A command whose arguments look like options where they are negative."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Say so where they do."""
        try:
            return super().parse_args(context, arguments)
        except click.NoSuchOption as error:
            if error.option_name.lstrip("-").isdecimal():
                raise UsageError("X and Y are counted from 0, from the top left; none is negative") from None
            raise


@click.command("explain", cls=_Explain, examples=EXAMPLES)
@click.argument("image", metavar="IMAGE", type=click.Path(readable=False))
@click.argument("x", type=int)
@click.argument("y", type=int)
@recipe_options(only=EXPLAINED)
@frame_option
@max_pixels_option
@figure_option("--png", "A figure of it: window, weights and products.")
@figure_option("--gif", "The kernel on its way: the window slides, and the result grows.")
@overwrite_option
@option("Output", "--json", "as_json", is_flag=True, help="Print a JSON object with every number, exact.")
@click.pass_context
def explain(
    context: click.Context,
    /,
    image: str,
    x: int,
    y: int,
    *,
    png: Path | None,
    gif: Path | None,
    overwrite: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Explain one sample of what `apply` makes of IMAGE: the one in column X and row Y, counted from 0, top left.

    For each channel it shows the samples under the kernel, the weights as they are laid, their products, the sum, and
    how the sum becomes the sample that `apply` writes.
    """
    standard_output()
    recipe = chosen_recipe(context, options)
    check_figures(png, gif, overwrite=overwrite, kinds=[".png", ".gif"])
    picture = open_picture(image, max_pixels=options["max_pixels"], frame=options["frame"])
    from imfilt.views import explain as view

    explanation = view.explain(picture, recipe, x, y)
    if png is not None:
        from imfilt.views.explain_figure import explanation_figure

        write_figure(explanation_figure(explanation, picture, Path(called(image)).name), png, overwrite=overwrite)
    if gif is not None:
        from imfilt.images.atomic import Manner, write_bytes
        from imfilt.views.explain_film import film

        write_bytes(film(picture, recipe, x, y), gif, Manner(overwrite))
    if as_json:
        print(json.dumps(view.as_json(explanation)))
        return
    print(printable(called(image)))
    for line in view.explanation_lines(explanation, width=shutil.get_terminal_size().columns):
        print(printable(line))

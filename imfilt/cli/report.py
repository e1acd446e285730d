"""``imfilt report``: a page about what was done to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from imfilt.cli.figures import check_figures, figure_option, overwrite_option
from imfilt.cli.kernels import KernelCommand
from imfilt.cli.printing import print_path, say
from imfilt.cli.recipe import chosen_recipe, recipe_options
from imfilt.cli.source import max_pixels_option, open_picture
from imfilt.errors import ImfiltError, UsageError

EXAMPLES = """
imfilt report car.jpg -k edge3 -o report.html     before and after, histograms, kernel, times
imfilt report photos/ -k sharpen -o report.html   small pictures of a folder, failures first
"""


@click.command("report", cls=KernelCommand, examples=EXAMPLES)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path(readable=False))
@recipe_options(without=("depth", "background", "pool"))
@figure_option("--output", "The page to write.", short="-o")
@overwrite_option
@max_pixels_option
@click.pass_context
def report(
    context: click.Context, /, images: Sequence[str], *, output: Path | None, overwrite: bool, **options: Any
) -> None:
    """Filter IMAGEs, and write a page of HTML about it, which needs no network.

    An IMAGE is a file or a folder. Of one picture the page has before and after under a slider, the clipped pixels,
    histograms, the kernels and times; of several it has small pictures, those that failed first.
    """
    if output is None:
        raise UsageError("no page named; give one with -o, such as -o report.html")
    recipe = chosen_recipe(context, options)
    check_figures([output], overwrite=overwrite)
    from imfilt.images.files import write_file
    from imfilt.views.report import Entry, look_at, report_page

    names = [name for image in images for name in _pictures_of(image)]
    entries = []
    for name in names:
        try:
            picture = open_picture(name, max_pixels=options["max_pixels"])
            entries.append(look_at(name, picture, recipe, alone=len(names) == 1))
        except ImfiltError as error:
            told = str(error).removeprefix(f"{name}: ")
            say(f"{name}: {told}")
            entries.append(Entry(name, error=told))
    title = f"imfilt: {Path(names[0]).name if len(names) == 1 else f'{len(names)} pictures'}"
    write_file(output, report_page(entries, recipe, title).encode(), overwrite=overwrite)
    print_path(output)
    context.exit(1 if any(entry.error for entry in entries) else 0)


def _pictures_of(image: str) -> list[str]:
    """Return the file, or the pictures in the folder."""
    if not Path(image).is_dir():
        return [image]
    from imfilt.images.formats import EXTENSIONS

    found = sorted(str(path) for path in Path(image).iterdir() if path.suffix.casefold() in EXTENSIONS)
    if not found:
        raise UsageError(f"{image}: no pictures in this folder")
    return found

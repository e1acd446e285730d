"""``imfilt sheet``: a contact sheet of what kernels make of a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from imfilt.cli.command import option
from imfilt.cli.figures import check_figures, figure_option, overwrite_option, write_figure
from imfilt.cli.kernels import KernelCommand, check_matrix_options, open_registry
from imfilt.cli.printing import print_path, say
from imfilt.cli.recipe import chosen_recipe, recipe_options
from imfilt.cli.source import called, frame_option, max_pixels_option, open_picture
from imfilt.cli.types import POSITIVE
from imfilt.errors import UsageError

EXAMPLES = """
imfilt sheet car.jpg -k gaussian5 -k edge3    writes car_sheet.png beside it
imfilt sheet car.jpg -k kirsch-compass        each kernel of a group
imfilt sheet car.jpg --all -o kernels.png     every kernel there is
imfilt sheet car.jpg --all --normalize abs    as apply would do it
"""


@click.command("sheet", cls=KernelCommand, examples=EXAMPLES)
@click.argument("image", metavar="IMAGE", type=click.Path(readable=False))
@recipe_options(without=("combine", "depth"))
@option("Kernel", "--all", "all_kernels", is_flag=True, help="Every kernel of the registry.")
@figure_option("--output", "The PNG file to write; beside IMAGE where it is not given.", short="-o")
@option("Output", "--columns", type=POSITIVE, show_default="what fits well", help="Pictures in a row.")
@option("Output", "--cell", type=POSITIVE, show_default="what fits well", help="Pixels from side to side of a picture.")
@overwrite_option
@frame_option
@max_pixels_option
@click.pass_context
def sheet(
    context: click.Context,
    /,
    image: str,
    *,
    all_kernels: bool,
    output: Path | None,
    columns: int | None,
    cell: int | None,
    overwrite: bool,
    **options: Any,
) -> None:
    """Write a labelled sheet of IMAGE and of what each kernel makes of it.

    A large picture is reduced first, and the kernels work on the reduced copy; the sheet says so.
    """
    if all_kernels and (options["names"] or options["matrices"]):
        raise UsageError("--all stands for every kernel; leave it out, or -k and -m")
    check_matrix_options(options["matrices"], options["divisor"], options["bias"])
    entries = open_registry(options["registries"]).entries if all_kernels else ()
    recipe = chosen_recipe(context, options, named=[entry.kernel for entry in entries], apart=True)
    if output is None:
        if image == "-":
            raise UsageError("standard input has no name to write a sheet beside; give -o a file")
        output = Path(image).parent / f"{Path(image).stem}_sheet.png"
    check_figures(output, overwrite=overwrite)
    picture = open_picture(image, max_pixels=options["max_pixels"], frame=options["frame"])
    from imfilt.views.sheet import sheet as draw_sheet

    recipes = [replace(recipe, kernels=(kernel,)) for kernel in recipe.kernels]
    drawn, note = draw_sheet(picture, recipes, Path(called(image)).name, columns=columns, cell=cell)
    write_figure(drawn, output, overwrite=overwrite)
    say(f"{called(image)}: {note}")
    print_path(output)

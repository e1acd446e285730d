"""The options that make a recipe, shared by every command that filters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import click
from click.core import ParameterSource

from imfilt.cli.command import Function, option
from imfilt.cli.kernels import Lay, chosen_kernels, kernel_options, open_registry
from imfilt.cli.printing import say
from imfilt.cli.types import Colour, RowsColumns
from imfilt.engine.recipes.borders import BORDERS
from imfilt.engine.recipes.channels import GREYS
from imfilt.engine.recipes.combinations import COMBINATIONS
from imfilt.engine.recipes.geometry import SIZES
from imfilt.engine.recipes.likes import LIKES, Like
from imfilt.engine.recipes.normalisations import NORMALISATIONS
from imfilt.engine.recipes.pooling import POOLS
from imfilt.engine.recipes.recipe import ALPHA_MODES, Recipe
from imfilt.engine.recipes.samples import DEPTHS
from imfilt.errors import UsageError
from imfilt.kernels.kernel import Kernel

WORDS = {
    "Borders, and what OpenCV, SciPy, ImageMagick and PyTorch call them": [
        (name, f"{border.meaning}  {', '.join((border.opencv, border.scipy, border.imagemagick, border.pytorch))}")
        for name, border in BORDERS.items()
    ],
    "Tools to be like": [(like.name, like.function) for like in LIKES.values()],
    "Combinations of the results h of several kernels": [(name, entry.meaning) for name, entry in COMBINATIONS.items()],
    "Normalisations": [(name, entry.meaning) for name, entry in NORMALISATIONS.items()],
    "Alpha": list(ALPHA_MODES.items()),
    "Grey": [(name, entry.meaning) for name, entry in GREYS.items()],
    "Pools": [(name, entry.meaning) for name, entry in POOLS.items()],
}


def _complete_borders(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in BORDERS if name.startswith(incomplete)]


def _complete_pools(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    return [f"{name}:2" for name in POOLS if name.startswith(incomplete)]


_RECIPE_OPTIONS = {
    "border": option(
        "Arithmetic",
        "--border",
        default="edge",
        metavar="RULE",
        shell_complete=_complete_borders,
        help=f"Beyond the border: {', '.join(BORDERS)}.",
    ),
    "size": option(
        "Arithmetic",
        "--size",
        default="same",
        type=click.Choice(list(SIZES)),
        help="How far over the border the kernel may go.",
    ),
    "stride": option(
        "Arithmetic", "--stride", default="1", type=RowsColumns(1), help="Keep every N-th result of the last kernel."
    ),
    "dilation": option(
        "Arithmetic",
        "--dilation",
        default="1",
        type=RowsColumns(1),
        help="Set the taps of the kernels N samples apart.",
    ),
    "anchor": option(
        "Arithmetic", "--anchor", type=RowsColumns(0, single=False), help="The cell over the output sample, from 0,0."
    ),
    "correlate": option(
        "Arithmetic", "--correlate", is_flag=True, help="Lay the matrix as it is written, not rotated by 180 degrees."
    ),
    "like": option(
        "Arithmetic",
        "--like",
        type=click.Choice(list(LIKES)),
        help="Orientation, border, divisor and rounding as in that tool; --border and --divisor still count.",
    ),
    "combine": option(
        "Arithmetic",
        "--combine",
        type=click.Choice(list(COMBINATIONS)),
        help="Lay the kernels side by side, not in a row, and combine their exact results.",
    ),
    "normalize": option(
        "Arithmetic",
        "--normalize",
        "--normalise",
        default="clip",
        type=click.Choice(list(NORMALISATIONS)),
        help="How exact results become samples.",
    ),
    "pool": option(
        "Arithmetic",
        "--pool",
        metavar="KIND:N[,sN]",
        shell_complete=_complete_pools,
        help=f"Then make one sample of N x N (or NxM): {', '.join(POOLS)}. max:3,s2 does so every 2 samples.",
    ),
    "threshold": option(
        "Arithmetic",
        "--threshold",
        metavar="LEVELS",
        help="Keep samples that would change by less, as unsharp masks do.",
    ),
    "alpha": option(
        "Colour", "--alpha", default="auto", type=click.Choice(list(ALPHA_MODES)), help="How transparency is filtered."
    ),
    "background": option(
        "Colour",
        "--background",
        metavar="COLOR",
        type=Colour(),
        help="Lay the result over a colour (white, #ff8000) where there is alpha, which takes alpha out.",
    ),
    "channels": option(
        "Colour",
        "--channels",
        metavar="LETTERS",
        show_default="all",
        help="Filter some of r, g, b and a only, or luma: brightness.",
    ),
    "gray": option(
        "Colour",
        "--gray",
        "--grey",
        type=click.Choice(list(GREYS)),
        help="Make grey of colours first.",
    ),
    "linear": option(
        "Colour", "--linear", is_flag=True, help="Filter light: by the picture's colour profile, or sRGB."
    ),
    "depth": option(
        "Output",
        "--depth",
        type=click.Choice(list(DEPTHS)),
        show_default="as the source",
        help="Bits a sample, or float.",
    ),
}


def recipe_options(
    *, without: Collection[str] = (), only: Collection[str] | None = None
) -> Callable[[Function], Function]:
    """Return the decorator that adds the options of kernels, arithmetic and colour: but for some, or some only."""

    def add_options(function: Function) -> Function:
        for name, add in reversed(_RECIPE_OPTIONS.items()):
            if name not in without and (only is None or name in only):
                function = add(function)
        return kernel_options(function)

    return add_options


def chosen_recipe(
    context: click.Context, options: dict[str, Any], *, named: Sequence[Kernel] = (), apart: bool = False
) -> Recipe:
    """Return the recipe that the options make; its kernels are those `named`, or else those that the options choose.

    With `apart` each kernel is looked at on its own, so that groups of them will do.
    """
    like = LIKES[options["like"]] if options.get("like") else None
    if like:
        options = _as_in(like, context, options)
    lay = _lay(like, correlate=options["correlate"])
    kernels = tuple(lay(kernel, False, True) for kernel in named) or chosen_kernels(
        context,
        options["names"],
        options["matrices"],
        options["divisor"],
        options["bias"],
        open_registry(options["registries"]),
        lay=lay,
        side_by_side=apart or options.get("each", False) or options.get("combine") is not None,
    )
    settings = {name: options[name] for name in _RECIPE_OPTIONS if name in options and name != "like"}
    if like:
        settings["rounding"] = like.rounding
    return Recipe(kernels, **settings)


def _lay(like: Like | None, *, correlate: bool) -> Lay:
    """Return how kernels are laid: a notation that says how it lies does so whatever the recipe says."""
    convention = like or Like("", "", correlate=correlate, border="")
    return lambda kernel, is_oriented, has_divisor: convention.lay(
        kernel, is_oriented=is_oriented, has_divisor=has_divisor
    )


def _as_in(like: Like, context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a tool has for its own, but for a border that was given."""
    if options["correlate"]:
        raise UsageError("--like and --correlate both say how the matrix lies; give one of them")
    given = context.get_parameter_source("border") is not ParameterSource.DEFAULT
    if not options.get("quiet"):
        for difference in like.differences:
            say(f"--like {like.name} ({like.function}): {difference}")
    return options | {"correlate": like.correlate, "border": options["border"] if given else like.border}

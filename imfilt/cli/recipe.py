"""The options that make a recipe, shared by every command that filters."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import click

from imfilt.cli.command import Function, option
from imfilt.cli.kernels import chosen_kernels, kernel_options, open_registry
from imfilt.cli.types import RowsColumns
from imfilt.engine.borders import BORDERS
from imfilt.engine.combinations import COMBINATIONS
from imfilt.engine.geometry import SIZES
from imfilt.engine.normalisations import NORMALISATIONS
from imfilt.engine.pooling import POOLS
from imfilt.engine.recipe import ALPHA_MODES, Recipe
from imfilt.engine.samples import DEPTHS

WORDS = {
    "Borders, and what OpenCV, SciPy, ImageMagick and PyTorch call them": [
        (name, f"{border.meaning}  {', '.join((border.opencv, border.scipy, border.imagemagick, border.pytorch))}")
        for name, border in BORDERS.items()
    ],
    "Combinations of the results h of several kernels": [(name, entry.meaning) for name, entry in COMBINATIONS.items()],
    "Normalisations": [(name, entry.meaning) for name, entry in NORMALISATIONS.items()],
    "Alpha": list(ALPHA_MODES.items()),
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
    "alpha": option(
        "Colour", "--alpha", default="auto", type=click.Choice(list(ALPHA_MODES)), help="How transparency is filtered."
    ),
    "depth": option(
        "Output",
        "--depth",
        type=click.Choice(list(DEPTHS)),
        show_default="as the source",
        help="Bits a sample, or float.",
    ),
}


def recipe_options(*, without: Collection[str] = ()) -> Callable[[Function], Function]:
    """Return the decorator that adds the options of kernels, arithmetic and colour, but for those named."""

    def add_options(function: Function) -> Function:
        for name, add in reversed(_RECIPE_OPTIONS.items()):
            if name not in without:
                function = add(function)
        return kernel_options(function)

    return add_options


def chosen_recipe(context: click.Context, options: dict[str, Any]) -> Recipe:
    """Return the recipe that the options make."""
    kernels = chosen_kernels(
        context,
        options["names"],
        options["matrices"],
        options["divisor"],
        options["bias"],
        open_registry(options["registries"]),
        correlate=options["correlate"],
        side_by_side=options.get("each", False) or options.get("combine") is not None,
    )
    return Recipe(kernels, **{name: options[name] for name in _RECIPE_OPTIONS if name in options})

"""From a recipe, a type of sample and a size to a plan: what is computed, in which numbers, and why that is enough."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.planning.chains import LEAST_REACHES, TOO_LARGE, make_chains
from imfilt.engine.planning.plan import Chain, Plan, Shape, are_in_tiles
from imfilt.engine.planning.steps import total_bias
from imfilt.engine.processors import second_level_cache
from imfilt.engine.recipes.choices import choose
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.stage import Stage
from imfilt.errors import RecipeError

# A strip has so many bytes: with fewer, what Python does around each call counts, and what is done twice where strips
# meet; with more, the caches are left. A second-level cache that is large enough for strips of some rows, as many as
# the kernel reaches over, holds a window and what is made of it; otherwise the third level has to.
_STRIP_BYTES = 2_500_000
_LARGE_CACHE = 5 << 18
_STRIPS_IN_LARGE_CACHE = 5
_FEWEST_ROWS = 4
_MOST_ROWS = 96

# Strips of pictures that are too wide for that are cut into panels, in which they are this often as high as the kernel
# reaches over: what is done twice counts, above and below as well as on both sides.
_STRIP_REACHES = 2.5
_PANEL_REACHES = 8
_FEWEST_CACHED_COLUMNS = 256

# What the buffers of one thread may take.
_BUFFER_BYTES = 26 << 20
_FEWEST_COLUMNS = 64


def make_plan(
    recipe: Recipe,
    samples: SampleType,
    shape: Shape,
    *,
    has_alpha: bool = False,
    unused: int = 0,
    strip: int | None = None,
    panel: int | None = None,
    strategy: str | None = None,
    unrounded: bool = False,
) -> Plan:
    r"""Decide how `recipe` is computed over samples of a type and a picture of rows × columns × channels.

    Parameters
    ----------
    has_alpha : bool
        Whether the last channel is alpha.
    unused : int
        How many of the last channels are of no account, and only there because of how a picture lies in memory.
    strip : int, optional
        Rows worked on at a time; by the size of the cache where it is not given. It changes no sample.
    panel : int, optional
        Columns worked on at a time, at least twice as many as the kernels reach over; all that memory allows where it
        is not given. It changes no sample either.
    strategy : str, optional
        A key of `STRATEGIES`, to be taken for every kernel; the cheapest for each where it is not given.
    unrounded : bool
        Whether the numerators are wanted as they are, so that nothing may be left to be added after the division.

    Raises
    ------
    RecipeError
        Where the kernel or the window of a pool does not fit into the picture, the normalisation not the samples, the
        background not the channels, the strategy not the kernel.

    Examples
    --------
    >>> from imfilt.engine.recipes.samples import SAMPLE_TYPES
    >>> from imfilt.kernels.registry import load_registry
    >>> recipe = Recipe((load_registry()["edge3"],))
    >>> print(*make_plan(recipe, SAMPLE_TYPES["uint8"], (225, 400, 3)).describe(), sep="\n")
    edge3, 3 x 3 over all samples: separable (a column and a row of whole numbers, and the centre apart)
    in int16, for no sum is beyond ±4590
    """
    _check(recipe, samples, shape, has_alpha=has_alpha)
    weighted = _is_weighted(recipe, has_alpha=has_alpha)
    if strategy is not None:
        strategy = choose("strategy", strategy, STRATEGIES)
    try:
        chains = make_chains(
            recipe, samples, shape, weighted, strategy, may_be_late=not unrounded and recipe.rounding == "half-up"
        )
    except OverflowError:
        raise RecipeError(TOO_LARGE) from None
    last = chains[0].stages[-1]
    output_shape = (last.down.output, last.across.output, shape[2])
    biases = tuple(total_bias(part.kernels) if weighted else Fraction(0) for part in recipe.parts)
    if recipe.pooling:
        recipe.pooling.output(*output_shape[:2])  # which says so where no window fits
    columns = min(panel or output_shape[1], output_shape[1])
    may_be_cut = panel is None and not recipe.border_rule.is_far
    rows = max((chain.strip for chain in chains if chain.strip), default=0) or strip or 0
    if not rows:
        if may_be_cut:
            columns = _cached_columns(last, columns, shape[2] * _item_bytes(chains[0].dtype))
        rows = _strip_rows(last, columns, shape[2] * _item_bytes(chains[0].dtype))
    if may_be_cut:
        columns = min(columns, _panel_columns(chains, shape, rows))
    return Plan(recipe, samples, shape, output_shape, chains, biases, rows, columns, unused, has_alpha)


def _is_weighted(recipe: Recipe, *, has_alpha: bool) -> bool:
    return has_alpha and recipe.alpha_mode != "straight"


def _check(recipe: Recipe, samples: SampleType, shape: Shape, *, has_alpha: bool) -> None:
    """Raise `RecipeError` where a recipe does not fit the samples or the picture."""
    output = samples.at_depth(recipe.depth)
    if recipe.normalisation.float_only and not output.is_float:
        raise RecipeError(
            f"normalisation {recipe.normalize!r} keeps negative and fractional results, which {output.name} samples "
            "cannot hold; choose another normalisation, or floating-point samples (--depth float)"
        )
    if 0 in shape[:2]:
        raise RecipeError("a picture without samples cannot be filtered")
    if has_alpha and recipe.background and shape[2] not in (2, 4):
        raise RecipeError(
            f"a background is for grey or for red, green and blue, each with alpha; these are {shape[2]} channels"
        )
    early = [kernel for part in recipe.parts for kernel in part.kernels[:-1]]
    is_constant = recipe.border_rule.border.index is None
    if _is_weighted(recipe, has_alpha=has_alpha) and is_constant and any(kernel.bias for kernel in early):
        raise RecipeError(
            f"border {recipe.border!r} and alpha leave no room for a bias before the last kernel; give the bias to the "
            "last kernel, choose another border, or use --alpha straight"
        )


def _cached_columns(last: Stage, columns: int, pixel: int) -> int:
    """Return into how many columns to cut a tall kernel's strips, so that they stay in a large second-level cache."""
    rows = min(math.ceil(_STRIP_REACHES * last.down.reach / last.down.stride), _MOST_ROWS)
    fit = (_cached_bytes() // (max(rows, 1) * last.down.stride * pixel) - last.across.reach) // last.across.stride
    if fit >= columns or fit < max(_PANEL_REACHES * last.across.reach, _FEWEST_CACHED_COLUMNS):
        return columns
    return -(-columns // -(-columns // fit))


def _strip_rows(last: Stage, columns: int, pixel: int) -> int:
    """Return how many rows of output are worked on at a time, so that they stay in cache with what they look at."""
    row = (columns * last.across.stride + last.across.reach) * pixel * last.down.stride
    rows = _cached_bytes() // row
    if rows < last.down.reach:
        rows = max(_STRIP_BYTES // row, last.down.reach // 2)
    return min(max(rows, _FEWEST_ROWS), _MOST_ROWS)


def _cached_bytes() -> int:
    """Return the bytes of a strip in the second-level cache, or 0 where that is too small for strips of some rows."""
    cache = second_level_cache()
    return cache // _STRIPS_IN_LARGE_CACHE if cache >= _LARGE_CACHE else 0


def _panel_columns(chains: Sequence[Chain], shape: Shape, rows: int) -> int:
    """Return how many columns may be worked on at a time, so that the buffers of one thread take little memory."""
    column = reach = tiles = 0
    in_tiles = are_in_tiles(chains)
    for chain in chains:
        for stage in chain.stages:
            window = (rows - 1) * stage.down.stride + stage.down.reach + 1
            held = _item_bytes(stage.window_dtype) + stage.held * _item_bytes(chain.dtype)
            sums = 0 if in_tiles and stage is chain.stages[-1] else _item_bytes(chain.dtype) * rows
            kept = _item_bytes(stage.window_dtype) * stage.down.reach  # of the bands above and below, in place
            column += (held * window + kept + sums) * shape[2]
            tiles += stage.tile_bytes
        reach = max(reach, sum(stage.across.reach for stage in chain.stages))
    return max((_BUFFER_BYTES - tiles) // column, LEAST_REACHES * reach, _FEWEST_COLUMNS)


def _item_bytes(dtype: str) -> int:
    return 8 if dtype == ANY_INTEGER else int(re.sub(r"\D", "", dtype)) // 8

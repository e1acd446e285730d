"""From a recipe, a type of sample and a size to a plan: what is computed, in which numbers, and why that is enough."""

from __future__ import annotations

from fractions import Fraction

from imfilt.engine.planning.chains import TOO_LARGE, make_chains
from imfilt.engine.planning.plan import Plan, Shape
from imfilt.engine.planning.sizes import patch_for, strip_and_panel
from imfilt.engine.planning.steps import total_bias
from imfilt.engine.recipes.choices import choose
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.strategies import STRATEGIES
from imfilt.errors import RecipeError


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
    edge3, 3 x 3 over all samples: separable (a column times a row of whole numbers, but for the centre if need be)
    in int16, for no sum is beyond ±4590
    """
    _check(recipe, samples, shape, has_alpha=has_alpha)
    weighted = _is_weighted(recipe, has_alpha=has_alpha)
    if strategy is not None:
        strategy = choose("strategy", strategy, STRATEGIES)
    try:
        chains = make_chains(recipe, samples, shape, weighted, strategy, unrounded=unrounded)
    except OverflowError:
        raise RecipeError(TOO_LARGE) from None
    last = chains[0].stages[-1]
    output_shape = (last.down.output, last.across.output, shape[2])
    biases = tuple(total_bias(part.kernels) if weighted else Fraction(0) for part in recipe.parts)
    if recipe.pooling:
        recipe.pooling.output(*output_shape[:2])  # which says so where no window fits
    is_whole = recipe.border_rule.is_far  # which looks at columns anywhere
    rows, columns = strip_and_panel(chains, shape, strip, output_shape[1] if is_whole else panel)
    patch = None
    if not (strip or panel or is_whole or recipe.pooling):  # whose windows may lie in two panels
        patch = patch_for(chains, shape, rows, columns)
    return Plan(recipe, samples, shape, output_shape, chains, biases, rows, columns, patch, unused, has_alpha)


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

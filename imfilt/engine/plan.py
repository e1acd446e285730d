"""From a recipe, a type of sample and a size to a plan: what is computed, in which numbers, and why that is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from imfilt.engine.geometry import Axis, lay_axis
from imfilt.engine.planes import PLANES
from imfilt.engine.recipe import Recipe
from imfilt.engine.samples import SampleType
from imfilt.engine.steps import Step, Weights, make_steps, make_weighted_passes, total_bias
from imfilt.errors import RecipeError

Shape = tuple[int, int, int]
"""Rows, columns, channels."""

FLOAT = "float64"
ANY_INTEGER = "object"  # Python's own integers: slow, and never too small
_INTEGERS = {"int16": 15, "int32": 31, "int64": 63}
_ITEM_SIZE = {"int16": 2, "int32": 4, "int64": 8, ANY_INTEGER: 8, FLOAT: 8}
_LARGEST_FLOAT = 10**300
_TOO_LARGE = "the weights are too large for floating point; make them smaller, or whole numbers over whole samples"

_LARGEST_WINDOW = 1 << 28  # samples of one plane

# A strip's window and its result stay in the second-level cache of one core.
_WINDOW_BYTES = 1 << 20


@dataclass(frozen=True)
class Stage:
    """One kernel of a chain, laid over numerators: whole numbers, or floats."""

    name: str
    weights: Weights
    """As they lie over the picture: rotated by 180 degrees for a convolution."""
    strategy: str
    """A key of `imfilt.engine.strategies.STRATEGIES`."""
    down: Axis
    across: Axis
    outside: int | float
    """What lies beyond a constant border."""
    offset: int | float
    """Added to every sum: the bias, in numerators."""


@dataclass(frozen=True)
class Chain:
    """Kernels in a row over planes of the picture; the exact result is ``numerator / denominator``."""

    planes: str
    """A key of `imfilt.engine.planes.PLANES`."""
    stages: tuple[Stage, ...]
    scale: int
    """The samples are multiplied by it as they come in, so that a fractional border level is a whole number."""
    denominator: int
    bound: Fraction
    """No number that comes up on the way, partial sums included, is further from 0."""
    dtype: str
    """The NumPy dtype that holds everything within `bound`."""


@dataclass(frozen=True)
class Plan:
    """What the engine makes of a recipe for a sample type and a size."""

    recipe: Recipe
    samples: SampleType
    shape: Shape
    output_shape: Shape
    chains: tuple[Chain, ...]
    """One chain over all channels; or, for colour weighted by alpha, those of `make_weighted_passes`."""
    bias: Fraction
    """Added to colours after they were divided by alpha; 0 without alpha, where the stages add their own."""
    strip: int
    """Rows of output that are worked on at a time."""

    @property
    def is_weighted(self) -> bool:
        """Whether the last channel is alpha and weights the others."""
        return len(self.chains) > 1

    @property
    def is_float(self) -> bool:
        """Whether floating point is used on the way."""
        return self.chains[0].dtype == FLOAT

    def describe(self) -> list[str]:
        """Return the plan in lines for a person: the passes, the working dtype and the range that it must hold."""
        lines = []
        for chain in self.chains:
            steps = ", ".join(f"{s.name} {s.down.taps} x {s.across.taps} ({s.strategy})" for s in chain.stages)
            proof = "" if chain.dtype == FLOAT else f" (nothing beyond ±{math.ceil(chain.bound)})"
            lines.append(f"{chain.planes} samples: {steps} in {chain.dtype}{proof}, strips of {self.strip} rows")
        return lines


def make_plan(
    recipe: Recipe,
    samples: SampleType,
    shape: Shape,
    *,
    has_alpha: bool = False,
    strip: int | None = None,
) -> Plan:
    """Decide how `recipe` is computed over samples of a type and a picture of rows × columns × channels.

    Parameters
    ----------
    has_alpha : bool
        Whether the last channel is alpha.
    strip : int, optional
        Rows worked on at a time; by the size of the cache where it is not given. It changes no sample.

    Raises
    ------
    RecipeError
        Where the kernel does not fit into the picture, or the normalisation does not fit the samples.

    Examples
    --------
    >>> from imfilt.engine.samples import SAMPLE_TYPES
    >>> from imfilt.kernels.registry import load_registry
    >>> recipe = Recipe((load_registry()["edge3"],))
    >>> print(*make_plan(recipe, SAMPLE_TYPES["uint8"], (225, 400, 3), strip=16).describe())
    all samples: edge3 3 x 3 (taps) in int16 (nothing beyond ±4080), strips of 16 rows
    """
    if recipe.normalisation.float_only and not samples.is_float:
        raise RecipeError(
            f"normalisation {recipe.normalize!r} keeps negative and fractional results, which {samples.name} samples "
            "cannot hold; choose another normalisation, or filter a float picture"
        )
    if 0 in shape[:2]:
        raise RecipeError("a picture without samples cannot be filtered")
    weighted = has_alpha and recipe.alpha_mode != "straight"
    if weighted and recipe.border_rule.border.index is None and any(kernel.bias for kernel in recipe.kernels[:-1]):
        raise RecipeError(
            f"border {recipe.border!r} and alpha leave no room for a bias before the last kernel; give the bias to the "
            "last kernel, choose another border, or use --alpha straight"
        )
    try:
        chains = _make_chains(recipe, samples, shape, weighted)
    except OverflowError:
        raise RecipeError(_TOO_LARGE) from None
    last = chains[0].stages[-1]
    output_shape = (last.down.output, last.across.output, shape[2])
    bias = total_bias(recipe.kernels) if weighted else Fraction(0)
    row_bytes = (shape[1] + last.across.reach) * shape[2] * _ITEM_SIZE[chains[0].dtype]
    strip = strip or min(max(_WINDOW_BYTES // row_bytes, 4), 256)
    return Plan(recipe, samples, shape, output_shape, chains, bias, strip)


def integer_dtype(bound: Fraction | int) -> str:
    """Return the narrowest dtype of signed whole numbers that holds everything within `bound` of 0.

    >>> integer_dtype(32767), integer_dtype(32768), integer_dtype(2**64)
    ('int16', 'int32', 'object')
    """
    return next((name for name, bits in _INTEGERS.items() if bound < 1 << bits), ANY_INTEGER)


def _make_chains(recipe: Recipe, samples: SampleType, shape: Shape, weighted: bool) -> tuple[Chain, ...]:
    """Return chains of whole numbers where the answer must be exact, or where short decimals fit into 64 bits."""

    def chains(in_floats: bool) -> tuple[Chain, ...]:
        passes: Mapping[str, list[Step]] = {"all": make_steps(recipe, in_floats=in_floats)}
        if weighted:
            passes = make_weighted_passes(recipe, in_floats=in_floats)
        return tuple(_make_chain(planes, passes[planes], recipe, shape, samples.largest) for planes in passes)

    if samples.is_float or not all(kernel.is_exact or kernel.is_short for kernel in recipe.kernels):
        return chains(in_floats=True)
    whole = chains(in_floats=False)
    if any(chain.dtype == ANY_INTEGER for chain in whole) and not all(kernel.is_exact for kernel in recipe.kernels):
        return chains(in_floats=True)
    return whole


def _make_chain(planes: str, steps: list[Step], recipe: Recipe, shape: Shape, white: int) -> Chain:
    level = PLANES[planes].outside(recipe.border_rule, white)
    whole = steps[0].is_whole
    number = int if whole else float
    scale = denominator = level.denominator if whole else 1
    bound = max(Fraction(PLANES[planes].bound(white)), abs(level)) * scale
    length, width = shape[0], shape[1]
    stages = []
    for step in steps:
        down, across = _lay(step, recipe, (length, width), is_last=step is steps[-1])
        outside = level * denominator
        if whole:
            step = _with_whole_bias(step, denominator)
        denominator *= step.divisor
        offset = step.bias * denominator
        bound = max(bound, abs(outside), _total_weight(step) * max(bound, abs(outside)) + abs(offset))
        stages.append(Stage(step.name, step.weights, "taps", down, across, number(outside), number(offset)))
        length, width = down.output, across.output
    if not whole and bound > _LARGEST_FLOAT:
        raise RecipeError(_TOO_LARGE)
    return Chain(planes, tuple(stages), scale, denominator, bound, integer_dtype(bound) if whole else FLOAT)


def _lay(step: Step, recipe: Recipe, size: tuple[int, int], *, is_last: bool) -> tuple[Axis, Axis]:
    taps = len(step.weights), len(step.weights[0])
    stride = recipe.stride if is_last else (1, 1)
    down, across = (
        lay_axis(
            size[i], taps[i], anchor=step.anchor[i], stride=stride[i], dilation=recipe.dilation[i], size=recipe.size
        )
        for i in range(2)
    )
    if (down.reach + 1) * (across.reach + size[1]) > _LARGEST_WINDOW:
        raise RecipeError(
            f"kernel {step.name!r} spans {down.reach + 1} x {across.reach + 1} samples, which is too many"
        )
    if not (down.output and across.output):
        raise RecipeError(
            f"kernel {step.name!r} spans {down.reach + 1} x {across.reach + 1} samples, more than the {size[0]} x "
            f"{size[1]} there are, so size 'valid' leaves nothing; use 'same'"
        )
    return down, across


def _with_whole_bias(step: Step, denominator: int) -> Step:
    """Return the step over a divisor in which its bias is a whole number."""
    divisor = denominator * step.divisor
    factor = step.bias.denominator // math.gcd(step.bias.denominator, divisor)
    if factor == 1:
        return step
    weights = tuple(tuple(int(weight) * factor for weight in row) for row in step.weights)
    return replace(step, weights=weights, divisor=step.divisor * factor)


def _total_weight(step: Step) -> Fraction:
    return Fraction(sum(sum(map(abs, row)) for row in step.weights))  # of floats too large: OverflowError

"""From a recipe, a type of sample and a size to a plan: what is computed, in which numbers, and why that is enough."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from imfilt.engine.background import Colour, flattened_channels
from imfilt.engine.choices import choose
from imfilt.engine.geometry import Axis, lay_axis
from imfilt.engine.planes import PLANES
from imfilt.engine.recipe import Recipe
from imfilt.engine.samples import DEPTHS, SampleType
from imfilt.engine.stage import ANY_INTEGER, FLOATS, Chain, Stage, integer_dtype
from imfilt.engine.steps import Step, make_passes, total_bias
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.separable import factorise
from imfilt.errors import RecipeError

Shape = tuple[int, int, int]
"""Rows, columns, channels."""

_LARGEST_FLOAT = 10**300
_TOO_LARGE = "the weights are too large for floating point; make them smaller, or whole numbers over whole samples"
_LARGEST_WINDOW = 1 << 28  # samples of one plane
_LARGEST_FLOAT32_SUM = 1024
_MOST_FLOAT32_PASSES = 512

# A strip has so many samples: with fewer, what Python does around each call counts; with more, the caches are left.
_WINDOW_SAMPLES = 700_000
_FEWEST_ROWS = 4
_MOST_ROWS = 256

# What the buffers of one thread may take.
_BUFFER_BYTES = 18 << 20
_FEWEST_COLUMNS = 64
_LEAST_REACHES = 2

_SIGNED_16_BITS = 1 << 15


class Plan(NamedTuple):
    """What the engine makes of a recipe for a sample type and a size."""

    recipe: Recipe
    samples: SampleType
    shape: Shape
    output_shape: Shape
    chains: tuple[Chain, ...]
    """For each part of the recipe one chain over all channels; or the three for colour weighted by alpha."""
    biases: tuple[Fraction, ...]
    """For each part, added to colours after they were divided by alpha; 0 without alpha: the stages add their own."""
    strip: int
    """Rows of output that are worked on at a time."""
    panel: int
    """Columns of output that are worked on at a time: all, unless the buffers would take too much memory."""
    unused: int = 0
    """How many of the last channels are of no account: they are filtered, and never looked at."""
    has_alpha: bool = False
    """Whether the last channel is alpha."""

    @property
    def output(self) -> SampleType:
        """The type of the samples that come out."""
        return _output(self.recipe, self.samples)

    @property
    def result_shape(self) -> Shape:
        """The shape of the picture that comes out at the end: `output_shape`, pooled and flattened."""
        rows, columns, channels = self.output_shape
        if self.recipe.pooling:
            rows, columns = self.recipe.pooling.output(rows, columns)
        return rows, columns, flattened_channels(channels, self.background) if self.background else channels

    @property
    def background(self) -> Colour | None:
        """What the picture is laid over; None where nothing shows through it."""
        return self.recipe.background if self.has_alpha else None

    @property
    def keeps_layout(self) -> bool:
        """Whether each result takes the place of a sample, so that it may be written over it."""
        same = self.output_shape == self.shape and self.output == self.samples
        return same and self.recipe.pooling is None and self.background is None

    @property
    def tile_columns(self) -> int:
        """A panel has a multiple of so many columns."""
        return max(chain.columns for chain in self.chains)

    @property
    def is_weighted(self) -> bool:
        """Whether the last channel is alpha and weights the others."""
        return len(self.chains) > len(self.biases)

    @property
    def is_float(self) -> bool:
        """Whether floating point is used on the way."""
        return self.chains[0].dtype in FLOATS

    def describe(self, *, alternatives: bool = False) -> list[str]:
        """Return the plan in lines for a person; with `alternatives`, what each strategy would take, or why not."""
        lines = []
        for chain in self.chains:
            for stage in chain.stages:
                chosen = f"{stage.strategy} ({STRATEGIES[stage.strategy].meaning})"
                size = f"{stage.down.taps} x {stage.across.taps}"
                lines.append(f"{stage.name}, {size} over {chain.planes} samples: {chosen}")
                if alternatives:
                    lines += [f"  {name}: {_estimate(name, stage, chain)}" for name in STRATEGIES]
            if chain.late:
                sign = "less" if chain.negated else "and"
                lines.append(f"after the division: {chain.late} times the sample in the middle {sign} the quotient")
            proof = "" if chain.dtype in FLOATS else f", for no sum is beyond ±{math.ceil(chain.bound)}"
            lines.append(f"in {chain.dtype}{proof}; {self.strip} rows at a time")
        if self.recipe.combination:
            lines.append(f"then {self.recipe.combination.name}: {self.recipe.combination.meaning}")
        if self.recipe.threshold:
            lines.append(f"samples that would change by less than {float(self.recipe.threshold):g} levels stay")
        if self.recipe.pooling:
            lines.append(f"then {self.recipe.pooling}")
        if self.output != self.samples:
            lines.append(f"white, {self.samples.largest}, becomes {self.output.largest}: {self.output.name} samples")
        return lines


def _output(recipe: Recipe, samples: SampleType) -> SampleType:
    return samples if recipe.depth is None else DEPTHS[recipe.depth]


def _estimate(strategy: str, stage: Stage, chain: Chain) -> str:
    """Return what a strategy would take for a stage, or why it cannot be done."""
    fit = STRATEGIES[strategy].fit(stage)
    if isinstance(fit, Unfit):
        return f"no, {fit.why}"
    passes = f"{fit.passes:g} passes, " if fit.passes else ""
    return f"{passes}about {_cost(fit, stage, signed=chain.signed, float_dtype=chain.dtype):.2f} ns a sample"


def _cost(fit: Fit, stage: Stage, *, signed: bool, float_dtype: str = "float32") -> float:
    """Return the estimated nanoseconds a sample of a strategy for a stage, in the narrowest dtype that will do."""
    if not stage.is_whole:
        return fit.cost(float_dtype)
    sums = fit.weight * stage.largest_input + abs(Fraction(stage.offset))
    return fit.cost(integer_dtype(sums, signed=signed or fit.signed))


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
        Columns worked on at a time; all that memory allows where it is not given. It changes no sample either.
    strategy : str, optional
        A key of `STRATEGIES`, to be taken for every kernel; the cheapest for each where it is not given.
    unrounded : bool
        Whether the numerators are wanted as they are, so that nothing may be left to be added after the division.

    Raises
    ------
    RecipeError
        Where the kernel or the window of a pool does not fit into the picture, the normalisation not the samples, the
        strategy not the kernel.

    Examples
    --------
    >>> from imfilt.engine.samples import SAMPLE_TYPES
    >>> from imfilt.kernels.registry import load_registry
    >>> recipe = Recipe((load_registry()["edge3"],))
    >>> print(*make_plan(recipe, SAMPLE_TYPES["uint8"], (225, 400, 3), strip=16).describe(), sep="\n")
    edge3, 3 x 3 over all samples: separable (a column and a row of whole numbers, and the centre apart)
    in int16, for no sum is beyond ±4590; 16 rows at a time
    """
    output = _output(recipe, samples)
    if recipe.normalisation.float_only and not output.is_float:
        raise RecipeError(
            f"normalisation {recipe.normalize!r} keeps negative and fractional results, which {output.name} samples "
            "cannot hold; choose another normalisation, or floating-point samples (--depth float)"
        )
    if 0 in shape[:2]:
        raise RecipeError("a picture without samples cannot be filtered")
    if strategy is not None:
        strategy = choose("strategy", strategy, STRATEGIES)
    weighted = has_alpha and recipe.alpha_mode != "straight"
    early = [kernel for part in recipe.parts for kernel in part.kernels[:-1]]
    if weighted and recipe.border_rule.border.index is None and any(kernel.bias for kernel in early):
        raise RecipeError(
            f"border {recipe.border!r} and alpha leave no room for a bias before the last kernel; give the bias to the "
            "last kernel, choose another border, or use --alpha straight"
        )
    try:
        chains = _make_chains(
            recipe, samples, shape, weighted, strategy, may_be_late=not (unrounded or recipe.ties_to_even)
        )
    except OverflowError:
        raise RecipeError(_TOO_LARGE) from None
    last = chains[0].stages[-1]
    output_shape = (last.down.output, last.across.output, shape[2])
    biases = tuple(total_bias(part.kernels) if weighted else Fraction(0) for part in recipe.parts)
    rows = max((chain.strip for chain in chains if chain.strip), default=0) or strip or _strip_rows(chains[0], shape)
    if recipe.pooling:
        recipe.pooling.output(*output_shape[:2])  # which says so where no window fits
    columns = output_shape[1] if recipe.border_rule.is_far else panel or _panel_columns(chains, shape, rows)
    return Plan(
        recipe, samples, shape, output_shape, chains, biases, rows, min(columns, output_shape[1]), unused, has_alpha
    )


def _strip_rows(chain: Chain, shape: Shape) -> int:
    """Return how many rows of output are worked on at a time, so that they stay in cache with what they look at."""
    last = chain.stages[-1]
    rows = _WINDOW_SAMPLES // ((shape[1] + last.across.reach) * shape[2])
    return min(max(rows, _FEWEST_ROWS, last.down.reach // 2), _MOST_ROWS)


def _panel_columns(chains: Sequence[Chain], shape: Shape, rows: int) -> int:
    """Return how many columns may be worked on at a time, so that the buffers of one thread take little memory."""
    column = reach = 0
    for chain in chains:
        for stage in chain.stages:
            window = (rows - 1) * stage.down.stride + stage.down.reach + 1
            held = _item_bytes(stage.window_dtype) + stage.held * _item_bytes(chain.dtype)
            column += (held * window + _item_bytes(chain.dtype) * rows) * shape[2]
        reach = max(reach, sum(stage.across.reach for stage in chain.stages))
    return max(_BUFFER_BYTES // column, _LEAST_REACHES * reach, _FEWEST_COLUMNS)


def _item_bytes(dtype: str) -> int:
    return 8 if dtype == ANY_INTEGER else int(re.sub(r"\D", "", dtype)) // 8


def _make_chains(
    recipe: Recipe, samples: SampleType, shape: Shape, weighted: bool, strategy: str | None, *, may_be_late: bool
) -> tuple[Chain, ...]:
    """Return chains of whole numbers where the answer must be exact, or where short decimals fit into 64 bits."""

    def chains(in_floats: bool) -> tuple[Chain, ...]:
        late = may_be_late and recipe.combination is None
        return tuple(
            _make_chain(planes, steps, recipe, samples, shape, strategy, may_be_late=late)
            for planes, steps in make_passes(recipe, is_weighted=weighted, in_floats=in_floats)
        )

    kernels = [kernel for part in recipe.parts for kernel in part.kernels]
    if (
        samples.is_float
        or _output(recipe, samples).is_float
        or not all(kernel.is_exact or kernel.is_short for kernel in kernels)
    ):
        return chains(in_floats=True)
    whole = chains(in_floats=False)
    if all(kernel.is_exact for kernel in kernels):
        return whole
    largest = max(chain.bound for chain in whole)
    if recipe.combination is not None and recipe.combination.is_root:
        largest = len(kernels) * largest**2
    return chains(in_floats=True) if integer_dtype(largest) == ANY_INTEGER else whole


def _make_chain(
    planes: str,
    steps: list[Step],
    recipe: Recipe,
    samples: SampleType,
    shape: Shape,
    strategy: str | None,
    *,
    may_be_late: bool,
) -> Chain:
    level = PLANES[planes].outside(recipe.border_rule, samples.largest)
    whole = steps[0].is_whole
    to_working = int if whole else float
    scale = denominator = level.denominator if whole else 1
    bound = max(Fraction(PLANES[planes].bound(samples.bound)), abs(level)) * scale
    signed = level < 0 or not samples.is_unsigned
    length, width = shape[0], shape[1]
    stages, fits = [], []
    late, negated = 0, False
    may_be_late = may_be_late and planes == "all" and recipe.normalisation.only_adds
    may_be_late = may_be_late and _output(recipe, samples) == samples
    if may_be_late and whole and scale == len(steps) == 1:
        late, negated, steps = _set_apart(steps[0])
    for step in steps:
        down, across = _lay(step, recipe, (length, width), is_last=step is steps[-1])
        outside = level * denominator
        if whole:
            step = _with_whole_bias(step, denominator)
        denominator *= step.divisor
        offset = step.bias * denominator
        bound = max(bound, abs(outside))
        signed = signed or offset < 0 or any(weight < 0 for row in step.weights for weight in row)
        stage = Stage(
            step.name,
            step.weights,
            down,
            across,
            to_working(outside),
            to_working(offset),
            bound,
            step.is_edge,
            samples.is_float,
            step is steps[-1],
            max(PLANES[planes].count(shape[2]), 1),
        )
        name, fit = _choose_strategy(stage, signed, strategy)
        signed = signed or fit.signed
        bound = max(bound, fit.weight * bound + abs(offset))
        stages.append(stage._replace(strategy=name, held=fit.held))
        fits.append(fit)
        length, width = down.output, across.output
    if not whole and bound > _LARGEST_FLOAT:
        raise RecipeError(_TOO_LARGE)
    if late:
        result = abs(late) * max(Fraction(samples.bound), abs(level)) + bound / denominator + samples.largest + 1
        bound = max(bound, result)
        signed = signed or result >= _SIGNED_16_BITS
    output = _output(recipe, samples)
    dtype = integer_dtype(bound, signed=signed) if whole else _float_dtype(samples, output, fits, bound)
    stages = [stage._replace(window_dtype=dtype) for stage in stages]
    if STRATEGIES[stages[0].strategy].takes_samples and _are_held_by(samples, planes, scale, stages[0].outside):
        stages[0] = stages[0]._replace(window_dtype=samples.name)
    strip = max((fit.strip for fit in fits if fit.strip), default=None)
    columns = fits[-1].columns or 1
    return Chain(planes, tuple(stages), scale, denominator, bound, signed, dtype, strip, columns, late, negated)


def _are_held_by(samples: SampleType, planes: str, scale: int, outside: int | float) -> bool:
    """Return whether the numbers that come in are samples as they are, those beyond the border as well."""
    is_level = 0 <= outside <= samples.largest and outside == int(outside)
    return PLANES[planes].are_samples and scale == 1 and is_level and not samples.is_float


def _set_apart(step: Step) -> tuple[int, bool, list[Step]]:
    """Return how often the sample in the middle is added after the division, and the step without it.

    unsharp5 is ``2 · sample - gaussian5``: the sums of gaussian5 fit into 16 bits, those of unsharp5 do not. What
    remains is negated where that spares it the sign.
    """
    factors = factorise(step.weights)  # type: ignore[arg-type]
    late, remainder = divmod(factors.extra, step.divisor) if factors else (0, 0)
    if step.divisor == 1 or not late or remainder or step.bias:
        return 0, False, [step]
    y, x = len(step.weights) // 2, len(step.weights[0]) // 2
    weights = [list(row) for row in step.weights]
    weights[y][x] -= late * step.divisor
    negated = all(weight <= 0 for row in weights for weight in row)
    sign = -1 if negated else 1
    return late, negated, [step._replace(weights=tuple(tuple(int(sign * w) for w in row) for row in weights))]


def _choose_strategy(stage: Stage, signed: bool, forced: str | None) -> tuple[str, Fit]:
    """Return the strategy that costs least in the dtype that it needs; or the one that is forced, if it can be done."""
    fits = {name: entry.fit(stage) for name, entry in STRATEGIES.items() if forced in (None, name)}
    fit = {name: fit for name, fit in fits.items() if isinstance(fit, Fit)}
    if not fit:
        why = "; ".join(unfit.why for unfit in fits.values() if isinstance(unfit, Unfit))
        raise RecipeError(f"strategy {forced!r} cannot do kernel {stage.name!r}: {why}")

    cheapest = min(fit, key=lambda name: _cost(fit[name], stage, signed=signed))
    return cheapest, fit[cheapest]


def _float_dtype(samples: SampleType, output: SampleType, fits: Sequence[Fit], bound: Fraction) -> str:
    """Return float32 where it keeps the contract: one kernel over 8 bits, few roundings, no large sums."""
    few = len(fits) == 1 and fits[0].passes <= _MOST_FLOAT32_PASSES
    return "float32" if few and samples.name == output.name == "uint8" and bound <= _LARGEST_FLOAT32_SUM else "float64"


def _lay(step: Step, recipe: Recipe, size: tuple[int, int], *, is_last: bool) -> tuple[Axis, Axis]:
    taps = len(step.weights), len(step.weights[0])
    stride = recipe.stride if is_last else (1, 1)
    down, across = (
        lay_axis(
            size[i], taps[i], anchor=step.anchor[i], stride=stride[i], dilation=recipe.dilation[i], size=recipe.size
        )
        for i in range(2)
    )
    columns = size[1] if recipe.border_rule.is_far else min(size[1], _LEAST_REACHES * across.reach)
    if (down.reach + 1) * (across.reach + columns) > _LARGEST_WINDOW:
        raise RecipeError(
            f"kernel {step.name!r} spans {down.reach + 1} x {across.reach + 1} samples, more than can be held; use a "
            "smaller kernel or a smaller dilation"
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
    return step._replace(weights=weights, divisor=step.divisor * factor)

"""The plan: what the engine makes of a recipe for a sample type and a size, in chains of stages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from imfilt.engine.dtypes import FLOATS
from imfilt.engine.planning.choosing import estimate
from imfilt.engine.recipes.background import Colour, flattened_channels
from imfilt.engine.recipes.normalisations import NORMALISATIONS, Extremes, Scaling
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SampleType
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.stage import Stage
from imfilt.quick import NamedTuple

Shape = tuple[int, int, int]
"""Rows, columns, channels."""
_UNKNOWN = Extremes(Fraction(0), Fraction(0))


class Chain(NamedTuple):
    """Kernels in a row over planes of the picture; the exact result is ``numerator / denominator``."""

    planes: str
    """A key of `imfilt.engine.planning.planes.PLANES`."""
    stages: tuple[Stage, ...]
    scale: int
    """The samples are multiplied by it as they come in, so that a fractional border level is a whole number."""
    denominator: int
    bound: Fraction
    """No number that comes up on the way, partial sums included, is further from 0."""
    signed: bool
    """Whether a number below 0 can come up before the division."""
    dtype: str
    """The NumPy dtype that holds everything within `bound`."""
    strip: int | None
    """Rows of output that a strategy wants to work on at a time; None where any number will do."""
    columns: int = 1
    """Columns of output that the last strategy works on at a time, or a multiple of them."""
    late: int = 0
    """How often the sample in the middle is added after the division, which keeps the numerators small."""
    negated: bool = False
    """Whether the exact result is ``late · sample - numerator / denominator``."""


def are_in_tiles(chains: Sequence[Chain]) -> bool:
    """Return whether all chains end in tiles of the same columns."""
    columns = {chain.columns for chain in chains}
    return len(columns) == 1 and columns != {1}


class Patch(NamedTuple):
    """How much of a strip is worked on at a time."""

    rows: int
    columns: int


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
    patch: Patch | None = None
    """Taken for `strip` and `panel` where results go elsewhere than over the source: all panels take turns in a strip,
    then in the next. None where that cannot be, or is not faster."""
    unused: int = 0
    """How many of the last channels are of no account: they are filtered, and never looked at."""
    has_alpha: bool = False
    """Whether the last channel is alpha."""

    @property
    def output(self) -> SampleType:
        """The type of the samples that come out."""
        return self.samples.at_depth(self.recipe.depth)

    def scaling(self, extremes: Extremes | None) -> Scaling:
        """Return how the exact results are brought into the range of the samples; `extremes` where it goes by them."""
        return self.recipe.normalisation.scaling(self.samples, self.output, extremes or _UNKNOWN)

    @property
    def plain_scaling(self) -> Scaling:
        """How alpha is, which is not normalised."""
        return NORMALISATIONS["none"].scaling(self.samples, self.output, _UNKNOWN)

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
    def block(self) -> int:
        """Columns of a strip that are summed and finished at a time: those of a tile, which stay in cache, or all."""
        return self.tile_columns if are_in_tiles(self.chains) else self.output_shape[1]

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
                    lines += [
                        f"  {name}: {estimate(name, stage, signed=chain.signed, dtype=chain.dtype)}"
                        for name in STRATEGIES
                    ]
            if chain.late:
                sign = "less" if chain.negated else "and"
                lines.append(f"after the division: {chain.late} times the sample in the middle {sign} the quotient")
            proof = "" if chain.dtype in FLOATS else f", for no sum is beyond ±{math.ceil(chain.bound)}"
            lines.append(f"in {chain.dtype}{proof}")
        if self.recipe.combination:
            lines.append(f"then {self.recipe.combination.name}: {self.recipe.combination.meaning}")
        if self.recipe.threshold:
            lines.append(f"samples that would change by less than {float(self.recipe.threshold):g} levels stay")
        if self.recipe.pooling:
            lines.append(f"then {self.recipe.pooling}")
        if self.output != self.samples:
            lines.append(f"white, {self.samples.largest}, becomes {self.output.largest}: {self.output.name} samples")
        return lines

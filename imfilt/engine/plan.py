"""The plan: what the engine makes of a recipe for a sample type and a size."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from imfilt.engine.background import Colour, flattened_channels
from imfilt.engine.choosing import estimate
from imfilt.engine.recipe import Recipe
from imfilt.engine.samples import SampleType
from imfilt.engine.stage import FLOATS, Chain
from imfilt.engine.strategies import STRATEGIES

Shape = tuple[int, int, int]
"""Rows, columns, channels."""


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
        return self.samples.at_depth(self.recipe.depth)

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
                    lines += [f"  {name}: {estimate(name, stage, chain)}" for name in STRATEGIES]
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

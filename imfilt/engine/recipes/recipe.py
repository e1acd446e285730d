"""The recipe: everything that changes pixels, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial

from imfilt.engine.recipes.background import Colour, is_colour
from imfilt.engine.recipes.borders import BorderRule, parse_border
from imfilt.engine.recipes.channels import GREYS, check_channels
from imfilt.engine.recipes.choices import choose
from imfilt.engine.recipes.combinations import COMBINATIONS, Combination, add_kernels
from imfilt.engine.recipes.geometry import SIZES
from imfilt.engine.recipes.normalisations import NORMALISATIONS, Normalisation
from imfilt.engine.recipes.pairs import Pair, to_pair
from imfilt.engine.recipes.pooling import Pooling, parse_pooling
from imfilt.engine.recipes.roundings import ROUNDINGS
from imfilt.engine.recipes.samples import DEPTHS
from imfilt.errors import KernelError, RecipeError
from imfilt.kernels.kernel import Kernel, to_anchor
from imfilt.kernels.numbers import Number, to_fraction, to_number
from imfilt.quick import dataclass

ALPHA_MODES = {
    "auto": "weighted, or keep for kernels that sum to 0 and for combinations other than sum and mean",
    "weighted": "colour is weighted by alpha, and alpha is filtered too: no halo from colours that cannot be seen",
    "keep": "colour is weighted by alpha, and alpha stays as it is",
    "straight": "alpha is filtered like a colour, and colours are not weighted",
}


@dataclass(frozen=True)
class Recipe:
    """One filter, or several in a row or side by side: a frozen, picklable value.

    Parameters
    ----------
    kernels : tuple of Kernel
        Applied in this order as one exact computation, or side by side with `combine`: rounded and clipped once, last.
    border : str
        A name of `BORDERS`; ``constant:V`` with a level V.
    size : str
        ``same``, ``valid`` or ``full``.
    stride : (rows, columns)
        Every how many samples of the result are kept; with several kernels, of the last result.
    dilation : (rows, columns)
        How far apart the taps of every kernel are.
    anchor : (row, column), optional
        Takes the place of the anchor of every kernel.
    correlate : bool
        Lay the matrices over the picture as they are written; otherwise rotated by 180 degrees, as in convolution.
    normalize : str
        A name of `NORMALISATIONS`.
    alpha : str
        A name of `ALPHA_MODES`, for pictures that have alpha.
    combine : str, optional
        A name of `COMBINATIONS`: the kernels are laid side by side, their anchors on the same sample, and their exact
        results are combined. In a row where it is not given.
    pool : str, optional
        A name of `POOLS` and a window, as in ``max:2`` or ``mean:3x2,s1``: the finished samples, rounded and clipped,
        are brought together, those of alpha like all others.
    depth : str, optional
        A name of `DEPTHS`: what the samples are converted to, white to white, before they are rounded.
    channels : str, optional
        Letters of ``rgba``, or ``luma``: the channels that are filtered; the others stay. ``luma`` filters the grey
        that ``rec601`` makes of colours, and adds what it changes by to red, green and blue, clipped.
    gray : str, optional
        A name of `GREYS`: what is made of colours before they are filtered, rounded half up.
    linear : bool
        Filter light, not the samples that encode it: by the curves of a picture's colour profile, or sRGB.
    threshold : number, optional
        A finished sample that differs from the one that came in by less than so many levels stays as it came in: what
        unsharp masks leave alone, and the one thing in a recipe that is not linear.
    background : (red, green, blue), optional
        Levels from 0 to 255 of a colour that finished samples with alpha are laid over, which takes alpha out.
    rounding : str
        A name of `ROUNDINGS`: how results become whole levels. Roots and linear light become the nearest level, and go
        with no other rounding.

    Raises
    ------
    RecipeError
        Where a name is unknown, a number is out of its range, or kernels cannot be combined.
    """

    kernels: tuple[Kernel, ...]
    border: str = "edge"
    size: str = "same"
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    anchor: Pair | None = None
    correlate: bool = False
    normalize: str = "clip"
    alpha: str = "auto"
    combine: str | None = None
    pool: str | None = None
    depth: str | None = None
    background: Colour | None = None
    channels: str | None = None
    gray: str | None = None
    linear: bool = False
    threshold: Number | None = None
    rounding: str = "half-up"

    def __post_init__(self) -> None:
        if not self.kernels:
            raise RecipeError("a recipe needs at least one kernel")
        fill = partial(object.__setattr__, self)  # what a frozen dataclass has instead of assignment
        parse_border(self.border)
        fill("size", choose("size", self.size, SIZES))
        fill("normalize", choose("normalisation", self.normalize, NORMALISATIONS))
        fill("alpha", choose("alpha", self.alpha, ALPHA_MODES))
        fill("rounding", choose("rounding", self.rounding, ROUNDINGS))
        fill("stride", to_pair("stride", self.stride))
        fill("dilation", to_pair("dilation", self.dilation))
        if self.pool is not None:
            parse_pooling(self.pool)
        if self.depth is not None:
            fill("depth", choose("depth", self.depth, DEPTHS))
        if self.background is not None and not is_colour(self.background):
            raise RecipeError(f"background {self.background!r} is no colour; give red, green and blue from 0 to 255")
        if self.gray is not None:
            fill("gray", choose("gray", self.gray, GREYS))
        if self.channels is not None:
            fill("channels", check_channels(self.channels))
            self._check_layout()
        if self.linear:
            self._check_light()
        if self.threshold is not None:
            fill("threshold", _threshold(self.threshold))
            self._check_same_samples()
        if self.anchor is not None:
            anchors = {_anchor_in(kernel, self.anchor) for kernel in self.kernels}
            fill("anchor", anchors.pop())
        if self.combine is not None:
            fill("combine", choose("combination", self.combine, COMBINATIONS))
            self._check_side_by_side()
            _ = self.parts
        self._check_rounding()

    @property
    def border_rule(self) -> BorderRule:
        """The border, parsed."""
        return parse_border(self.border)

    @property
    def normalisation(self) -> Normalisation:
        """The entry of `NORMALISATIONS`."""
        return NORMALISATIONS[self.normalize]

    @property
    def pooling(self) -> Pooling | None:
        """The pool, parsed."""
        return None if self.pool is None else parse_pooling(self.pool)

    @property
    def combination(self) -> Combination | None:
        """What makes one of the results of `parts`; None where there is one part."""
        return COMBINATIONS[self.combine] if self.combine is not None and len(self.parts) > 1 else None

    @cached_property
    def parts(self) -> tuple[Recipe, ...]:
        """The recipes side by side that this one is made of: itself, if nothing is left to combine."""
        if self.combine is None:
            return (self,)
        share = COMBINATIONS[self.combine].share
        if share is None:
            alone = partial(replace, self, alpha=self.alpha_mode, combine=None)
            return tuple(alone(kernels=(kernel,)) for kernel in self.kernels)
        anchors = [self.anchor_of(kernel) for kernel in self.kernels]
        kernel = add_kernels(self.kernels, anchors, share(len(anchors)), correlate=self.correlate)
        return (replace(self, kernels=(kernel,), anchor=None, combine=None),)

    @property
    def alpha_mode(self) -> str:
        """The alpha mode with ``auto`` decided: ``keep`` where a kernel sums to 0, and where results are combined."""
        if self.alpha != "auto":
            return self.alpha
        if self.combine is not None and COMBINATIONS[self.combine].share is None:
            return "keep"
        kernels = self.kernels if self.combine is None else self.parts[0].kernels
        return "keep" if any(kernel.sum == 0 for kernel in kernels) else "weighted"

    def anchor_of(self, kernel: Kernel) -> Pair:
        """Return the cell of `kernel`, as it is laid over the picture, that lies on the output sample."""
        return self.anchor or kernel.anchor_cell

    def _check_rounding(self) -> None:
        """Raise `RecipeError` where results become the nearest level, whatever the recipe says."""
        if ROUNDINGS[self.rounding].is_nearest:
            return
        of_roots = self.combine is not None and COMBINATIONS[self.combine].is_root
        if of_roots or self.linear:
            what = f"combination {self.combine!r}" if of_roots else "linear light"
            raise RecipeError(f"{what} does not go with results that are {ROUNDINGS[self.rounding].meaning}")

    def _check_layout(self) -> None:
        """Raise `RecipeError` where channels that are not filtered would not fit to those that are."""
        changes = {
            "gray": self.gray,
            "size": self.size != "same",
            "stride": self.stride != (1, 1),
            "pool": self.pool,
            "depth": self.depth,
            "background": self.background,
        }
        for name, changed in changes.items():
            if changed:
                raise RecipeError(f"channels {self.channels!r} leaves the others as they are; give it without {name}")

    def _check_light(self) -> None:
        """Raise `RecipeError` for what counts levels, of which light has none."""
        others = {
            "channels": self.channels,
            "gray": self.gray,
            "depth": self.depth,
            "background": self.background,
            "threshold": self.threshold,
            "normalize none": self.normalisation.float_only,
        }
        for name, value in others.items():
            if value:
                raise RecipeError(f"linear light does not go with {name}; leave one of them out")

    def _check_same_samples(self) -> None:
        """Raise `RecipeError` where a result is not that of the sample in its place."""
        changes = {"size": self.size != "same", "stride": self.stride != (1, 1), "depth": self.depth}
        for name, changed in changes.items():
            if changed:
                raise RecipeError(f"a threshold compares each sample with the one that came in; give it without {name}")

    def _check_side_by_side(self) -> None:
        if len(self.kernels) < 2:
            raise RecipeError(f"combine {self.combine!r} is for the results of at least two kernels; give another one")
        shapes = {(kernel.size, self.anchor_of(kernel)) for kernel in self.kernels}
        if self.size != "same" and len(shapes) > 1:
            raise RecipeError(
                f"size {self.size!r} combines kernels of the same size and anchor only; use size 'same', or give the "
                "smaller ones rows and columns of zeros"
            )
        if self.alpha == "weighted" and COMBINATIONS[str(self.combine)].share is None:
            raise RecipeError(
                f"combine {self.combine!r} cannot filter alpha, which each kernel would filter differently; choose "
                "--alpha keep or --alpha straight"
            )


def _threshold(given: object) -> Fraction:
    try:
        number = to_fraction(to_number(given))
    except KernelError as error:
        raise RecipeError(f"threshold: {error}") from None
    if number < 0:
        raise RecipeError("threshold: levels from 0 on are meant")
    return number


def _anchor_in(kernel: Kernel, anchor: Pair) -> Pair:
    try:
        return to_anchor(anchor, kernel.size)
    except KernelError as error:
        raise RecipeError(f"kernel {kernel.name!r}: {error}") from None

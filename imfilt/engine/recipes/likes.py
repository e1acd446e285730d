"""How other tools filter: one table of orientation, border, divisor and rounding, and of what cannot be had."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from imfilt.kernels.kernel import Kernel, half_turn
from imfilt.kernels.numbers import Number, to_fraction
from imfilt.quick import NamedTuple

Weights = tuple[tuple[Number, ...], ...]


class Like(NamedTuple):
    """The conventions of a tool."""

    name: str
    function: str
    correlate: bool
    border: str
    by_sum: bool = False
    """Whether a matrix without a divisor is divided by its sum (by 1 where that is 0)."""
    rounding: str = "half-up"
    """A key of `imfilt.engine.recipes.roundings.ROUNDINGS`."""
    rows_upwards: bool = False
    """Whether the first row of a matrix lies below."""
    early_anchor: bool = False
    """Whether of an even side the cell before the middle lies on the output sample, not the one after it."""
    differences: tuple[str, ...] = ()
    """What is not the same."""

    def lay(self, kernel: Kernel, *, is_oriented: bool = False, has_divisor: bool = True) -> Kernel:
        """Return the kernel that, in a recipe with this `correlate`, lies as the tool lays the matrix of `kernel`.

        A kernel that `is_oriented` is one whose notation says how it lies: given for a convolution, it lies so here.
        """
        weights, anchor, divisor = kernel.weights, kernel.anchor, kernel.divisor
        if is_oriented:
            turned = half_turn(weights) if self.correlate else weights
            return _with(kernel, turned, divisor, anchor)
        if self.rows_upwards:
            weights = weights[::-1]
        if self.by_sum and not has_divisor:
            divisor = sum((to_fraction(weight) for row in weights for weight in row), Fraction(0)) or 1
        if self.early_anchor and anchor is None:
            anchor = ((kernel.size[0] - 1) // 2, (kernel.size[1] - 1) // 2)
        return _with(kernel, weights, divisor, anchor)


def _with(kernel: Kernel, weights: Weights, divisor: Number, anchor: tuple[int, int] | None) -> Kernel:
    if (weights, divisor, anchor) == (kernel.weights, kernel.divisor, kernel.anchor):
        return kernel
    return replace(kernel, weights=weights, divisor=divisor, anchor=anchor)


LIKES = {
    like.name: like
    for like in (
        Like(
            "opencv",
            "cv2.filter2D",
            correlate=True,
            border="reflect",
            rounding="half-even",
            differences=("it sums in single precision, which may decide otherwise what is next to a half",),
        ),
        Like(
            "pillow",
            "ImageFilter.Kernel",
            correlate=True,
            border="edge",
            by_sum=True,
            rows_upwards=True,
            differences=(
                "it leaves the outermost samples unfiltered, one on each side (5 x 5: two); here they are filtered",
            ),
        ),
        Like(
            "scipy",
            "scipy.ndimage.convolve",
            correlate=False,
            border="symmetric",
            rounding="down",
            early_anchor=True,
            differences=(
                "its results below 0 and above white wrap around; here they are clipped",
                "its sums of doubles may fall short of a whole level; here they are exact",
            ),
        ),
        Like(
            "imagemagick",
            "-morphology Convolve",
            correlate=False,
            border="edge",
            rounding="half-up-16",
        ),
        Like(
            "vips",
            "vips conv --precision integer",
            correlate=True,
            border="edge",
            differences=("it rounds before a bias is added, and towards 0; here the whole is rounded",),
        ),
        Like(
            "gimp",
            "gegl:convolution-matrix",
            correlate=True,
            border="edge",
            by_sum=True,
            differences=("it computes in linear light; here too with --linear",),
        ),
    )
}
"""ImageMagick, whose own samples have 16 bits, drops the fraction of a level where it writes 8."""

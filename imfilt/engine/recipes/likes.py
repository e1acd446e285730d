"""How other tools filter: one table of orientation, border, divisor and rounding, and of what cannot be had."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import to_fraction


class Like(NamedTuple):
    """The conventions of a tool."""

    name: str
    function: str
    correlate: bool
    border: str
    by_sum: bool = False
    """Whether a matrix without a divisor is divided by its sum (by 1 where that is 0)."""
    added: Fraction = Fraction(0)
    """Added to results, in levels of 8 bits, before they are rounded half up, so that they are rounded as there."""
    ties_to_even: bool = False
    """Whether exact halves are rounded to the even level."""
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
            turned = tuple(row[::-1] for row in reversed(weights)) if self.correlate else weights
            return _with(kernel, turned, divisor, anchor)
        if self.rows_upwards:
            weights = weights[::-1]
        if self.by_sum and not has_divisor:
            divisor = sum((to_fraction(weight) for row in weights for weight in row), Fraction(0)) or 1
        if self.early_anchor and anchor is None:
            anchor = ((kernel.size[0] - 1) // 2, (kernel.size[1] - 1) // 2)
        return _with(kernel, weights, divisor, anchor)

    def round(self, kernel: Kernel) -> Kernel:
        """Return the kernel whose results, rounded half up, are those of `kernel` rounded as the tool does."""
        bias = to_fraction(kernel.bias) + self.added
        return Kernel(kernel.weights, divisor=kernel.divisor, bias=bias, anchor=kernel.anchor, name=kernel.name)


def _with(kernel: Kernel, weights: object, divisor: object, anchor: tuple[int, int] | None) -> Kernel:
    if (weights, divisor, anchor) == (kernel.weights, kernel.divisor, kernel.anchor):
        return kernel
    return Kernel(weights, divisor=divisor, bias=kernel.bias, anchor=anchor, name=kernel.name)  # type: ignore[arg-type]


_IN_16_BITS = Fraction(1, 2 * 257)

LIKES = {
    like.name: like
    for like in (
        Like(
            "opencv",
            "cv2.filter2D",
            correlate=True,
            border="reflect",
            ties_to_even=True,
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
            added=Fraction(-1, 2),
            early_anchor=True,
            differences=(
                "its results below 0 and above white wrap around; here they are clipped",
                "its sums of doubles may fall short of a whole level; here they are exact",
            ),
        ),
        Like(
            "imagemagick",
            "-morphology Convolve, 8 bits",
            correlate=False,
            border="edge",
            added=_IN_16_BITS - Fraction(1, 2),
            differences=("with 16 bits it rounds half up; here fractions are dropped, as it does with 8",),
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
"""ImageMagick rounds to 16 bits, and drops the fraction of a level after that."""

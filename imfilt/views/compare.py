"""Two pictures compared: numbers for a person and for a program, and a picture of the difference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageMode

from imfilt.analysis.difference import Difference, absolute_differences, measure_difference
from imfilt.errors import UsageError
from imfilt.images.formats import describe_mode
from imfilt.images.rows import rows_of
from imfilt.images.samples import samples_of

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture
    from imfilt.images.modes import Mode

_GREY_FROM = "L", "CMYK", "YCbCr", "LAB"


def compare(one: AnyPicture, other: AnyPicture, *, tolerance: float = 0) -> Difference:
    """Return how much two pictures differ; raise `UsageError` where they have no samples to be compared."""
    if one.shape[:2] != other.shape[:2]:
        sizes = " and ".join(f"{shape[1]} x {shape[0]}" for shape in (one.shape, other.shape))
        raise UsageError(f"pictures of {sizes} cannot be compared; bring them to one size first")
    if one.mode != other.mode:
        kinds = " and ".join(describe_mode(each.mode) for each in (one, other))
        raise UsageError(f"{kinds} cannot be compared; convert one of them first")
    return measure_difference(rows_of(one), rows_of(other), one.shape, one.mode.samples, tolerance=tolerance)


def as_json(difference: Difference, mode: Mode) -> dict[str, object]:
    """Return a difference for JSON, in which what is infinite or not there is null."""
    worst = difference.worst
    return {
        "max": _finite(difference.largest),
        "mean": _finite(difference.mean),
        "mse": _finite(difference.mse),
        "psnr": _finite(difference.psnr),
        "ssim": _finite(difference.ssim),
        "differing": difference.differing,
        "worst": worst
        and {
            "x": worst.column,
            "y": worst.row,
            "channel": _bands(mode)[worst.channel],
            "a": _finite(worst.levels[0]),
            "b": _finite(worst.levels[1]),
        },
    }


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _bands(mode: Mode) -> tuple[str, ...]:
    return (*ImageMode.getmode(mode.colour).bands, "A")


def difference_lines(difference: Difference, mode: Mode) -> list[str]:
    """Return a difference as lines for a person."""
    worst = difference.worst
    facts = [
        ("max", f"{difference.largest:.9g}"),
        ("mean", f"{difference.mean:.6g}"),
        ("mse", f"{difference.mse:.6g}"),
        ("psnr", _psnr(difference)),
        ("ssim", _ssim(difference.ssim)),
        ("differing", f"{_percent(difference.differing)} of all samples"),
    ]
    if worst is not None:
        a, b = (f"{level:.9g}" for level in worst.levels)
        place = f"column {worst.column}, row {worst.row}, {_bands(mode)[worst.channel]}"
        facts.append(("worst", f"{place}: {a} and {b}"))
    return [f"{name:<9}  {value}" for name, value in facts]


def _psnr(difference: Difference) -> str:
    if math.isfinite(difference.psnr):
        return f"{difference.psnr:.2f} dB"
    return "none, for a difference is infinite" if difference.mse else "infinite, for nothing differs"


def _ssim(similarity: float | None) -> str:
    if similarity is None:
        return "none, for its window of 11 x 11 does not fit"
    return f"{similarity:.6f}" if math.isfinite(similarity) else "none, for some samples are no finite numbers"


def _percent(share: float) -> str:
    return "less than 0.01%" if 0 < share < 0.0001 else f"{100 * share:.4g}%"


def difference_picture(one: AnyPicture, other: AnyPicture, difference: Difference) -> tuple[Image.Image, int]:
    """Return a picture of the absolute differences, and how many times they are amplified, so that they can be seen.

    It is in colour for pictures in RGB, where a difference in alpha is white; of others it shows the largest difference
    of all channels in grey.
    """
    white = one.mode.samples.largest
    amplified = max(math.floor(white / difference.largest), 1) if 0 < difference.largest < math.inf else 1
    differences = np.minimum(absolute_differences(samples_of(one), samples_of(other)) * (amplified * 255 / white), 255)
    if one.mode.colour in _GREY_FROM:
        return Image.fromarray(differences.max(axis=2).round().astype(np.uint8)), amplified
    colours = differences[..., :3]
    if one.mode.has_alpha:
        colours = np.maximum(colours, differences[..., 3:])
    return Image.fromarray(colours.round().astype(np.uint8)), amplified

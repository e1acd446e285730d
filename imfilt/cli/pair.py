"""Two pictures, before and after, as samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imfilt.cli.command import Function
from imfilt.cli.source import frame_option, max_pixels_option, open_picture
from imfilt.engine.recipes.samples import SampleType
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.array_types import Array


class Samples(NamedTuple):
    """What a picture holds."""

    array: Array
    """Rows × columns × channels, alpha last."""
    kind: SampleType
    has_alpha: bool


def pair_options(function: Function) -> Function:
    """Add the options that say how two pictures are read."""
    return frame_option(max_pixels_option(function))


def read_pair(before: str, after: str, *, max_pixels: int, frame: int | None) -> tuple[Samples, Samples]:
    """Return the samples of two pictures; raise `PictureError` that names the file."""
    from imfilt.images.samples import samples_of

    def read(path: str) -> Samples:
        picture = open_picture(path, max_pixels=max_pixels, frame=frame, takes_first=False)
        return Samples(samples_of(picture), picture.mode.samples, picture.mode.has_alpha)

    return read(before), read(after)

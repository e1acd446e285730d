"""Two pictures, before and after, as samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imfilt.cli.source import open_picture
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


def read_samples(path: str) -> Samples:
    """Return the samples of a picture, of several frames the first; raise `PictureError` that names the file."""
    from imfilt.images.samples import samples_of

    picture = open_picture(path)
    return Samples(samples_of(picture), picture.mode.samples, picture.mode.has_alpha)

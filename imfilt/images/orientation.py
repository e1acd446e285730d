"""Pictures as they are seen: turned upright, once, before they are filtered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PIL.Image import Transpose

from imfilt.images.carried.exif import SIDES_SWAPPED, UPRIGHT, orientation_of
from imfilt.images.memory import copy_out
from imfilt.images.picture import Picture

if TYPE_CHECKING:
    from imfilt.array_types import Array
    from imfilt.images.deep.picture import AnyPicture

# From the orientation (Exif 2.32, 4.6.4 A) to what makes the picture upright.
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def make_upright(picture: AnyPicture) -> AnyPicture:
    """Return `picture` as its EXIF data say that it is to be seen; they say then that it is upright."""
    orientation = orientation_of(picture.carried.exif)
    if orientation == UPRIGHT:
        return picture
    swap_sides = orientation in SIDES_SWAPPED
    rows, columns, _ = picture.shape
    new = (rows, columns) if swap_sides else (columns, rows)
    carried = picture.carried.upright(swap_sides=swap_sides).resized((columns, rows), new)
    if isinstance(picture, Picture):
        image = copy_out(picture.image, picture.memory) if picture.memory else picture.image
        return replace(picture, image=image.transpose(_TURNS[orientation]), carried=carried, memory=None)
    return replace(picture, samples=turned(picture.samples, orientation), carried=carried)


def turned(samples: Array, orientation: int) -> Array:
    """Return rows × columns × channels of an orientation from 2 to 8 upright, in memory of their own."""
    import numpy as np

    if orientation in SIDES_SWAPPED:
        samples = samples.swapaxes(0, 1)
    is_upside_down, is_mirrored = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(samples[:: -1 if is_upside_down else 1, :: -1 if is_mirrored else 1])

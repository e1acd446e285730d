"""Room for results: a picture of the mode that they have, which carries what its source does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from imfilt.images.modes import MODES, Mode
from imfilt.images.picture import Picture

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture


def result_like(picture: AnyPicture, rows: int, columns: int, mode: Mode) -> AnyPicture:
    """Return a picture to be filled: an image of Pillow where it has the mode, else an array."""
    old_rows, old_columns, _ = picture.shape
    carried = picture.carried.resized((old_columns, old_rows), (columns, rows))
    if mode.name in MODES:
        image = Image.new(mode.name, (columns, rows))
        return Picture(image, carried, picture.format, picture.notes)
    import numpy as np

    from imfilt.images.deep.picture import DeepPicture

    samples = np.empty((rows, columns, mode.channels), mode.samples.name)
    return DeepPicture(samples, mode, carried, picture.format, picture.notes)

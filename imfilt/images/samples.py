"""The samples of any picture as one array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imfilt.images.deep.picture import AnyPicture, DeepPicture
from imfilt.images.rows import rows_of

if TYPE_CHECKING:
    from imfilt.array_types import Array


def samples_of(picture: AnyPicture) -> Array:
    """Return rows × columns × channels, which may share memory with the picture."""
    if isinstance(picture, DeepPicture):
        return picture.samples
    rows, columns, channels = picture.shape
    return rows_of(picture).read_rows(0, rows, range(columns))[..., :channels]

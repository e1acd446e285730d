"""From a picture to one that a format can hold, and what is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imfilt.images.formats import Format, check_holds
from imfilt.images.memory import copy_out
from imfilt.images.picture import Picture

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture


def fit(picture: AnyPicture, entry: Format) -> tuple[AnyPicture, tuple[str, ...]]:
    """Return `picture` as the format holds it, and a line for each loss; raise `PictureError` where it cannot."""
    if not (entry.indexed and isinstance(picture, Picture)):
        check_holds(entry, picture.mode)
        return picture, ()
    image = picture.image
    if image.mode == "P":
        return picture, ()
    check_holds(entry, picture.mode)
    if image.mode == "L":
        return picture, ()
    from imfilt.images.palette import to_palette

    image, losses = to_palette(copy_out(image, picture.memory) if picture.memory else image)
    return replace(picture, image=image, memory=None), losses

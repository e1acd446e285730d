"""Pictures as they are shown on a screen: 8 bits, red, green and blue, nothing transparent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from imfilt.batch.work import filter_picture
from imfilt.engine.recipe import Recipe
from imfilt.images.memory import copy_out
from imfilt.images.picture import Picture
from imfilt.kernels.kernel import Kernel

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_SQUARE = 8
_LIGHT, _DARK = (255, 255, 255), (204, 204, 204)


def as_seen(picture: AnyPicture) -> Image.Image:
    """Return a picture as an image of mode RGB; what is transparent shows squares behind it."""
    if not isinstance(picture, Picture) or picture.mode.samples.name != "uint8":
        picture, _ = filter_picture(picture, Recipe((Kernel([[1]]),), depth="8", alpha="straight"))
    if not isinstance(picture, Picture):
        raise TypeError("samples of 8 bits have a mode of Pillow")
    image = copy_out(picture.image, picture.memory) if picture.memory else picture.image
    if not picture.mode.has_alpha:
        if image.mode == "LAB":  # which Pillow turns into RGB with a profile only
            image = image.getchannel("L")
        return image.convert("RGB")
    colours = image.convert("RGBA")
    squares = _squares(image.size)
    squares.paste(colours, mask=colours.getchannel("A"))
    return squares


def _squares(size: tuple[int, int]) -> Image.Image:
    pair = Image.new("RGB", (2 * _SQUARE, 2 * _SQUARE), _LIGHT)
    pair.paste(_DARK, (0, 0, _SQUARE, _SQUARE))
    pair.paste(_DARK, (_SQUARE, _SQUARE, 2 * _SQUARE, 2 * _SQUARE))
    squares = Image.new("RGB", size)
    for top in range(0, size[1], 2 * _SQUARE):
        for left in range(0, size[0], 2 * _SQUARE):
            squares.paste(pair, (left, top))
    return squares

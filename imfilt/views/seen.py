"""Pictures as they are shown on a screen: 8 bits, in a size that fits, nothing transparent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from imfilt.batch.filtering import filter_picture
from imfilt.engine.recipes.recipe import Recipe
from imfilt.images.memory import copy_out
from imfilt.images.picture import Picture
from imfilt.images.reading import to_picture
from imfilt.kernels.kernel import Kernel
from imfilt.views.drawing import scaled_size

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_SQUARE = 8
_LIGHT, _DARK = (255, 255, 255), (204, 204, 204)
_REDUCING_GAP = 3.0  # as Pillow's documentation has it, hardly to be told from a reduction in one step


def as_seen(picture: AnyPicture, room: tuple[int, int] | None = None) -> Image.Image:
    """Return a picture as an image of mode RGB, scaled to fit into `room` (columns, rows) where that is given.

    A small picture is scaled by a whole factor, its samples as squares. What is transparent shows squares behind it.
    """
    image = _in_8_bits(picture)
    if room is not None:
        image = _scaled_to(image, room)
    if not picture.mode.has_alpha:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    squares = _squares(image.size)
    squares.paste(colours, mask=colours.getchannel("A"))
    return squares


def reduced(picture: AnyPicture, room: tuple[int, int]) -> AnyPicture:
    """Return a picture in 8 bits that fits into `room` (columns, rows); one that fits already as it is."""
    scale = min(room[0] / picture.shape[1], room[1] / picture.shape[0])
    if scale >= 1:
        return picture
    image = _in_8_bits(picture)
    return to_picture(
        image.resize(scaled_size(image.size, scale), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
    )


def size_note(picture: AnyPicture, small: AnyPicture) -> str:
    """Return the size of a picture, and that of the copy that is filtered and shown, if it is another."""
    rows, columns, _ = picture.shape
    note = f"{columns} x {rows}"
    return note if small is picture else f"{note}, filtered and shown as {small.shape[1]} x {small.shape[0]}"


def _scaled_to(image: Image.Image, room: tuple[int, int]) -> Image.Image:
    scale = min(room[0] / image.width, room[1] / image.height)
    if scale >= 2:
        factor = int(scale)
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    if scale >= 1:
        return image
    return image.resize(scaled_size(image.size, scale), Image.Resampling.LANCZOS)


def _in_8_bits(picture: AnyPicture) -> Image.Image:
    if not isinstance(picture, Picture) or picture.mode.samples.name != "uint8":
        picture, _ = filter_picture(picture, Recipe((Kernel([[1]]),), depth="8", alpha="straight"))
    if not isinstance(picture, Picture):
        raise TypeError("samples of 8 bits have a mode of Pillow")
    image = copy_out(picture.image, picture.memory) if picture.memory else picture.image
    return image.getchannel("L") if image.mode == "LAB" else image  # which Pillow shows with a profile only


def _squares(size: tuple[int, int]) -> Image.Image:
    pair = Image.new("RGB", (2 * _SQUARE, 2 * _SQUARE), _LIGHT)
    pair.paste(_DARK, (0, 0, _SQUARE, _SQUARE))
    pair.paste(_DARK, (_SQUARE, _SQUARE, 2 * _SQUARE, 2 * _SQUARE))
    squares = Image.new("RGB", size)
    for top in range(0, size[1], 2 * _SQUARE):
        for left in range(0, size[0], 2 * _SQUARE):
            squares.paste(pair, (left, top))
    return squares
